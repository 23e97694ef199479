//! Where tasks come from, and the walk over all of them.
//!
//! Chunks of tasks are allocated and never freed. Each worker has a list of vacant tasks; a task returns to the list of
//! the worker on which its thread ended, and long lists spill to the common one in batches.

use super::Task;
use parking_lot::Mutex;

/// Tasks per chunk: 48 KB.
const CHUNK: usize = 256;
/// Moved at a time between a worker's list and the common one.
const BATCH: usize = 128;

struct Common {
    chunks: Vec<*mut Task>,
    vacant: Vec<*mut Task>,
}
// SAFETY: the pointers are to memory that lives for ever and that only the lists' owners touch.
unsafe impl Send for Common {}
static COMMON: Mutex<Common> = Mutex::new(Common { chunks: Vec::new(), vacant: Vec::new() });

/// A worker's vacant tasks.
#[derive(Default)]
pub struct Vacant(Vec<*mut Task>);

impl Vacant {
    /// A vacant task.
    pub fn take(&mut self) -> *mut Task {
        if let Some(task) = self.0.pop() {
            return task;
        }
        let mut common = COMMON.lock();
        common.fill();
        let from = common.vacant.len().saturating_sub(BATCH);
        self.0.extend(common.vacant.drain(from..));
        drop(common);
        self.0.pop().expect("the common list was filled")
    }

    /// Takes back a task whose thread ended.
    pub fn give(&mut self, task: *mut Task) {
        self.0.push(task);
        if self.0.len() >= 4 * BATCH {
            COMMON.lock().vacant.extend(self.0.drain(..2 * BATCH));
        }
    }
}

/// A vacant task, for who is not a worker.
pub fn take() -> *mut Task {
    let mut common = COMMON.lock();
    common.fill();
    common.vacant.pop().expect("the common list was filled")
}

/// Takes a task back from who is not a worker.
pub fn give(task: *mut Task) {
    COMMON.lock().vacant.push(task);
}

impl Common {
    fn fill(&mut self) {
        if self.vacant.is_empty() {
            let chunk: Vec<Task> = (0..CHUNK).map(|_| Task::vacant()).collect();
            let chunk = Box::leak(chunk.into_boxed_slice()).as_mut_ptr();
            self.chunks.push(chunk);
            // SAFETY: in the chunk. The first is taken first.
            self.vacant.extend((0..CHUNK).rev().map(|i| unsafe { chunk.add(i) }));
        }
    }
}

/// Looks at every thread there is. They may run meanwhile: only their atomics are safe to look at.
pub fn each(mut look: impl FnMut(&Task)) {
    let chunks = COMMON.lock().chunks.clone();
    for chunk in chunks {
        for i in 0..CHUNK {
            // SAFETY: tasks are never freed; shared access only.
            let task = unsafe { &*chunk.add(i) };
            if task.id() != 0 {
                look(task);
            }
        }
    }
}
