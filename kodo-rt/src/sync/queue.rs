//! The values in a channel: a queue whose two ends do not disturb each other.
//!
//! ```text
//!    Front (whoever holds the front's lock)              Back (whoever holds the back's lock)
//!      read ┐                                                  ┌ write
//!           v                                                  v
//!   [ . . . 3 4 ]──next──▶[ 5 6 7 8 9 … ]──next──▶[ … 40 41 . . . . ]──▶ null
//!      segment                                            segment
//! ```
//!
//! Values lie in segments. Those who push touch the back alone and publish how many they have pushed (`Back::pushed`);
//! those who take touch the front alone, look at that number only when they have taken all they knew of, and publish how
//! many they have taken, which the back reads only when the queue looks full. So two processors meet once in many values.
//!
//! A segment that has been emptied goes to a stack of spares, from which pushers take all at once (so it has no ABA
//! problem), and is used again. Segments double up to [`LARGEST`] bytes; smaller ones are freed, and so is what exceeds
//! [`KEPT`].
//!
//! Not here: locks, waiting, glue. Nothing in this file drops a value by itself.

use super::value::move_bytes;
use crate::abi::TypeInfo;
use crate::shim::{AtomicPtr, AtomicU64, Ordering};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr;

/// Values in the first segment. Few, since many channels carry one value in their life.
const FIRST: u32 = 4;
/// Most bytes of values in a segment: fits the first-level cache with room to spare.
const LARGEST: usize = 2048;
/// Emptied segments that are kept: what a channel with room for 1024 words goes through.
const KEPT: u32 = 8;

#[repr(C)]
struct Segment {
    next: AtomicPtr<Segment>,
    room: u32,
    /// Number of segments below this one among the spares, by the one who put it there.
    depth: Cell<u32>,
}

/// The end where values are taken.
#[repr(C)]
pub struct Front {
    read: Cell<*mut u8>,
    end: Cell<*mut u8>,
    segment: Cell<*mut Segment>,
    /// `pushed`, as it was when it was last looked at.
    seen: Cell<u64>,
    taken: AtomicU64,
}

/// The end where values are pushed.
#[repr(C)]
pub struct Back {
    write: Cell<*mut u8>,
    end: Cell<*mut u8>,
    segment: Cell<*mut Segment>,
    /// The value of `pushed` at which the queue is full, or was when the front was last looked at.
    stop: Cell<u64>,
    pushed: AtomicU64,
}

/// What both ends share.
pub struct Middle {
    size: usize,
    stride: usize,
    align: usize,
    largest: u32,
    /// Most values that may be queued.
    limit: u64,
    /// The first segment of all.
    first: AtomicPtr<Segment>,
    /// Emptied segments, on the way from the front to the back.
    spares: AtomicPtr<Segment>,
    /// Emptied segments that the back has.
    own: Cell<*mut Segment>,
}

impl Front {
    pub fn new() -> Front {
        Front {
            read: Cell::new(ptr::null_mut()),
            end: Cell::new(ptr::null_mut()),
            segment: Cell::new(ptr::null_mut()),
            seen: Cell::new(0),
            taken: AtomicU64::new(0),
        }
    }
}

impl Back {
    pub fn new(limit: u64) -> Back {
        Back {
            write: Cell::new(ptr::null_mut()),
            end: Cell::new(ptr::null_mut()),
            segment: Cell::new(ptr::null_mut()),
            stop: Cell::new(limit),
            pushed: AtomicU64::new(0),
        }
    }
}

impl Middle {
    pub fn new(ty: &TypeInfo, limit: u64) -> Middle {
        let size = ty.size as usize;
        let align = (ty.align as usize).max(1);
        // Values without bytes have places too, so that places can be told apart.
        let stride = size.max(1).next_multiple_of(align);
        Middle {
            size,
            stride,
            align,
            largest: u32::try_from(LARGEST / stride).expect("a small number").max(FIRST),
            limit,
            first: AtomicPtr::new(ptr::null_mut()),
            spares: AtomicPtr::new(ptr::null_mut()),
            own: Cell::new(ptr::null_mut()),
        }
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of queued values. Exact if both ends stand still.
    pub fn len(&self, front: &Front, back: &Back) -> usize {
        let taken = front.taken.load(Ordering::Acquire);
        // Later, so it is not less.
        (back.pushed.load(Ordering::Acquire) - taken) as usize
    }

    /// Whether there was a moment during this call at which nothing was there to take.
    #[inline]
    pub fn was_empty(&self, front: &Front, back: &Back) -> bool {
        // As many were pushed at the later look as were taken at the earlier one: so no more were pushed then. (Acquire: the
        // second load is not done before the first.)
        let taken = front.taken.load(Ordering::Acquire);
        back.pushed.load(Ordering::Relaxed) == taken
    }

    /// Whether there seems to be nothing to take; for a look from aside.
    #[inline]
    pub fn looks_empty(&self, front: &Front, back: &Back) -> bool {
        back.pushed.load(Ordering::Relaxed) == front.taken.load(Ordering::Relaxed)
    }

    /// Whether there seems to be no room for one more; for a look from aside.
    #[inline]
    pub fn looks_full(&self, front: &Front, back: &Back) -> bool {
        let taken = front.taken.load(Ordering::Relaxed);
        back.pushed.load(Ordering::Relaxed).wrapping_sub(taken) >= self.limit
    }

    /// Whether there is no room for one more. Once false, it stays so until a push.
    ///
    /// # Safety
    /// The caller holds the back.
    #[inline]
    pub unsafe fn is_full(&self, front: &Front, back: &Back) -> bool {
        let pushed = back.pushed.load(Ordering::Relaxed);
        if pushed != back.stop.get() {
            return false;
        }
        if self.limit == u64::MAX {
            // The end of the counter; nobody gets there.
            return true;
        }
        back.stop.set(front.taken.load(Ordering::Acquire) + self.limit);
        pushed == back.stop.get()
    }

    /// Pushes a value, which moves in. With `WORD`, values are one word.
    ///
    /// # Safety
    /// The caller holds the back, and the front as well if `alone`; `value` holds a value of the queue's type.
    #[inline]
    pub unsafe fn push<const WORD: bool>(&self, front: &Front, back: &Back, value: *const u8, alone: bool) {
        // SAFETY: as promised; the segment has room between `write` and `end`.
        unsafe {
            if back.write.get() == back.end.get() {
                self.extend(front, back, alone);
            }
            let write = back.write.get();
            move_bytes(value, write, if WORD { 8 } else { self.size });
            back.write.set(write.add(if WORD { 8 } else { self.stride }));
        }
        // Only holders of the back write it. Release: partner of the Acquire in `take`.
        back.pushed.store(back.pushed.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Takes the oldest value out; false if there is none.
    ///
    /// # Safety
    /// The caller holds the front; `out` has room for a value. With `WORD`, values are one word.
    #[inline]
    pub unsafe fn take<const WORD: bool>(&self, front: &Front, back: &Back, out: *mut u8) -> bool {
        let taken = front.taken.load(Ordering::Relaxed);
        if taken == front.seen.get() {
            // Acquire: the values, and the segments they are in.
            front.seen.set(back.pushed.load(Ordering::Acquire));
            if taken == front.seen.get() {
                return false;
            }
        }
        // SAFETY: as promised; there is a value at `read`, or at the start of the next segment.
        unsafe {
            if front.read.get() == front.end.get() {
                self.advance(front);
            }
            let read = front.read.get();
            move_bytes(read, out, if WORD { 8 } else { self.size });
            front.read.set(read.add(if WORD { 8 } else { self.stride }));
        }
        // Only holders of the front write it. Release: partner of the Acquire in `is_full`.
        front.taken.store(taken + 1, Ordering::Release);
        true
    }

    fn layout(&self, room: u32) -> (Layout, usize) {
        let values =
            self.stride.checked_mul(room as usize).and_then(|bytes| Layout::from_size_align(bytes, self.align).ok());
        let layout = values.and_then(|values| Layout::new::<Segment>().extend(values).ok());
        layout.expect("bytes of a channel's values")
    }

    fn base(&self, segment: *mut Segment) -> *mut u8 {
        // SAFETY: the values lie in the same object, behind the header.
        unsafe { segment.cast::<u8>().add(self.layout((*segment).room).1) }
    }

    fn end(&self, segment: *mut Segment) -> *mut u8 {
        // SAFETY: as above; one past the last value at most.
        unsafe { self.base(segment).add(self.stride * (*segment).room as usize) }
    }

    /// Gives the back a segment with room.
    ///
    /// # Safety
    /// The caller holds the back, and the front as well if `alone`.
    #[cold]
    unsafe fn extend(&self, front: &Front, back: &Back, alone: bool) {
        let old = back.segment.get();
        // SAFETY: segments are alive while an end has them; what the two ends hold is the caller's as promised.
        unsafe {
            if alone
                && !old.is_null()
                && front.segment.get() == old
                && front.taken.load(Ordering::Relaxed) == back.pushed.load(Ordering::Relaxed)
            {
                // All of it has been taken: from the start again.
                front.read.set(self.base(old));
                back.write.set(self.base(old));
                return;
            }
            let room = if old.is_null() { FIRST } else { ((*old).room * 2).min(self.largest) };
            let new = match self.spare() {
                Some(spare) => spare,
                None => self.allocate(room),
            };
            (*new).next.store(ptr::null_mut(), Ordering::Relaxed);
            back.write.set(self.base(new));
            back.end.set(self.end(new));
            back.segment.set(new);
            let link = if old.is_null() { &self.first } else { &(*old).next };
            // Release, together with that of the next `pushed`: partner of the load in `advance`.
            link.store(new, Ordering::Release);
        }
    }

    /// An emptied segment.
    ///
    /// # Safety
    /// The caller holds the back.
    unsafe fn spare(&self) -> Option<*mut Segment> {
        if self.own.get().is_null() {
            // Acquire: the front is done with them.
            self.own.set(self.spares.swap(ptr::null_mut(), Ordering::Acquire));
        }
        let spare = self.own.get();
        // SAFETY: null, or the back's.
        let next = unsafe { spare.as_ref() }?.next.load(Ordering::Relaxed);
        self.own.set(next);
        Some(spare)
    }

    /// Takes the front to the next segment, which exists.
    ///
    /// # Safety
    /// The caller holds the front, and knows that there is a value in the next segment.
    #[cold]
    unsafe fn advance(&self, front: &Front) {
        let old = front.segment.get();
        // SAFETY: segments are alive while an end has them. The back is in a later one already, since it pushed there.
        unsafe {
            let link = if old.is_null() { &self.first } else { &(*old).next };
            let new = link.load(Ordering::Acquire);
            debug_assert!(!new.is_null());
            front.read.set(self.base(new));
            front.end.set(self.end(new));
            front.segment.set(new);
            if !old.is_null() {
                self.retire(old);
            }
        }
    }

    /// # Safety
    /// The caller holds the front, and no end has the segment.
    unsafe fn retire(&self, old: *mut Segment) {
        // SAFETY: segments are freed by holders of the front alone, so those in the stack are alive.
        unsafe {
            let mut top = self.spares.load(Ordering::Relaxed);
            loop {
                let depth = top.as_ref().map_or(0, |top| top.depth.get() + 1);
                if (*old).room < self.largest || depth >= KEPT {
                    return self.deallocate(old);
                }
                (*old).depth.set(depth);
                (*old).next.store(top, Ordering::Relaxed);
                // Release: partner of the swap in `spare`. Pushers only ever take all, so an equal top is the same stack.
                match self.spares.compare_exchange(top, old, Ordering::Release, Ordering::Relaxed) {
                    Ok(_) => return,
                    Err(now) => top = now,
                }
            }
        }
    }

    fn allocate(&self, room: u32) -> *mut Segment {
        let layout = self.layout(room).0;
        // SAFETY: the layout is not empty.
        let segment = unsafe { alloc(layout) }.cast::<Segment>();
        if segment.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: fresh memory with room for a header.
        unsafe { segment.write(Segment { next: AtomicPtr::new(ptr::null_mut()), room, depth: Cell::new(0) }) };
        segment
    }

    /// # Safety
    /// Nobody has the segment.
    unsafe fn deallocate(&self, segment: *mut Segment) {
        // SAFETY: as promised; `allocate` made it with this layout. (A header has nothing to drop but in loom.)
        unsafe {
            let layout = self.layout((*segment).room).0;
            ptr::drop_in_place(segment);
            dealloc(segment.cast(), layout);
        }
    }

    /// Frees all segments. Values still in them are their owner's business.
    ///
    /// # Safety
    /// Nobody has an end any more.
    pub unsafe fn free(&self, front: &Front) {
        let mut all = [front.segment.get(), self.spares.load(Ordering::Relaxed), self.own.get()];
        if all[0].is_null() {
            all[0] = self.first.load(Ordering::Relaxed);
        }
        for mut segment in all {
            while !segment.is_null() {
                // SAFETY: as promised: each segment is in one of the three chains.
                unsafe {
                    let next = (*segment).next.load(Ordering::Relaxed);
                    self.deallocate(segment);
                    segment = next;
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn info(size: u64, align: u64) -> TypeInfo {
        TypeInfo { size, align, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 }
    }

    struct Queue(Front, Back, Middle);

    impl Queue {
        fn new<T>(limit: u64) -> Queue {
            Queue(
                Front::new(),
                Back::new(limit),
                Middle::new(&info(size_of::<T>() as u64, align_of::<T>() as u64), limit),
            )
        }
        fn push<T>(&self, value: T, alone: bool) {
            // SAFETY: one thread.
            unsafe { self.2.push::<false>(&self.0, &self.1, (&raw const value).cast(), alone) }
        }
        fn take<T: Default>(&self) -> Option<T> {
            let mut out = T::default();
            // SAFETY: one thread.
            unsafe { self.2.take::<false>(&self.0, &self.1, (&raw mut out).cast()) }.then_some(out)
        }
    }

    impl Drop for Queue {
        fn drop(&mut self) {
            // SAFETY: nobody has it any more.
            unsafe { self.2.free(&self.0) }
        }
    }

    fn values_come_out_in_order<T: Default + PartialEq + std::fmt::Debug>(alone: bool, make: fn(u64) -> T) {
        let queue = Queue::new::<T>(u64::MAX);
        let (mut pushed, mut taken) = (0, 0);
        for round in 0..60 {
            for _ in 0..round * 7 {
                queue.push(make(pushed), alone);
                pushed += 1;
            }
            assert_eq!(queue.2.len(&queue.0, &queue.1) as u64, pushed - taken);
            for _ in 0..round * if round < 40 { 5 } else { 12 } {
                let value = queue.take::<T>();
                assert_eq!(value, (taken < pushed).then(|| make(taken)));
                taken += u64::from(value.is_some());
            }
        }
        assert!(queue.2.looks_empty(&queue.0, &queue.1) == (pushed == taken));
    }

    #[test]
    fn values_of_any_size_come_out_in_order() {
        for alone in [false, true] {
            values_come_out_in_order(alone, |n| n);
            values_come_out_in_order(alone, |n| n as u8);
            values_come_out_in_order(alone, |_| ());
            values_come_out_in_order(alone, u128::from);
            values_come_out_in_order(alone, |n| [n; 31]);
        }
    }

    #[test]
    fn a_queue_that_is_emptied_again_and_again_needs_one_segment() {
        let queue = Queue::new::<u64>(1);
        for n in 0..1000 {
            queue.push(n, true);
            assert_eq!(queue.take(), Some(n));
        }
        assert_eq!(queue.1.segment.get(), queue.2.first.load(Ordering::Relaxed));
    }

    #[test]
    fn emptied_segments_are_used_again() {
        let queue = Queue::new::<u64>(u64::MAX);
        for n in 0..100_000 {
            queue.push(n, false);
            queue.push(n, false);
            assert!(queue.take::<u64>().is_some() && queue.take::<u64>().is_some());
        }
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..10_000 {
            queue.push(n, false);
            assert!(queue.take::<u64>().is_some());
            seen.insert(queue.1.segment.get());
        }
        assert!(seen.len() <= 3, "{}", seen.len());
    }

    #[test]
    fn it_is_full_at_its_limit() {
        let queue = Queue::new::<u64>(3);
        // SAFETY: one thread.
        let full = || unsafe { queue.2.is_full(&queue.0, &queue.1) };
        for n in 0..50 {
            assert!(!full());
            queue.push(n, false);
            if n >= 2 {
                assert!(full() && queue.2.looks_full(&queue.0, &queue.1));
                assert_eq!(queue.take(), Some(n - 2));
            }
        }
    }
}

/// What loom cannot see are the bytes in the segments; so each value is the number of a cell that it does see, written before the
/// push and read after the take.
#[cfg(all(test, loom, not(shuttle)))]
mod loom_tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    struct Queue {
        front: Front,
        back: Back,
        middle: Middle,
        cells: Vec<UnsafeCell<u64>>,
    }
    // SAFETY: one thread of a model pushes, one takes; the cells are checked by loom.
    unsafe impl Sync for Queue {}
    // SAFETY: likewise.
    unsafe impl Send for Queue {}

    impl Queue {
        /// For values of `words` words.
        fn new(words: usize, limit: u64, cells: usize) -> Queue {
            let size = 8 * words as u64;
            let ty = TypeInfo { size, align: 8, copy: None, drop: None, share: None, name: ptr::null(), name_len: 0 };
            let cells = (0..cells).map(|_| UnsafeCell::new(0)).collect();
            Queue { front: Front::new(), back: Back::new(limit), middle: Middle::new(&ty, limit), cells }
        }

        fn push(&self, n: u64) {
            let mut value = vec![0u64; self.middle.size() / 8];
            value[0] = n;
            // SAFETY: the model's only pusher; nobody else has the cell until it is pushed.
            unsafe {
                self.cells[n as usize].with_mut(|cell| *cell = n + 100);
                self.middle.push::<false>(&self.front, &self.back, value.as_ptr().cast(), false);
            }
        }

        fn full(&self) -> bool {
            // SAFETY: the model's only pusher.
            unsafe { self.middle.is_full(&self.front, &self.back) }
        }

        /// Takes a value, which must be `expected`.
        fn take(&self, expected: u64) -> bool {
            let mut value = vec![0u64; self.middle.size() / 8];
            // SAFETY: the model's only taker, which has the cell of what it took.
            unsafe {
                if !self.middle.take::<false>(&self.front, &self.back, value.as_mut_ptr().cast()) {
                    return false;
                }
                assert_eq!(value[0], expected);
                self.cells[expected as usize].with(|cell| assert_eq!(*cell, expected + 100));
            }
            true
        }
    }

    impl Drop for Queue {
        fn drop(&mut self) {
            // SAFETY: nobody has it any more.
            unsafe { self.middle.free(&self.front) }
        }
    }

    /// `before` values are pushed and `gone` of them taken before `pushes` and `attempts` to take run beside each other.
    fn ends_beside_each_other(words: usize, before: u64, gone: u64, pushes: u64, attempts: u64) {
        loom::model(move || {
            let queue = Arc::new(Queue::new(words, u64::MAX, (before + pushes) as usize));
            (0..before).for_each(|n| queue.push(n));
            (0..gone).for_each(|n| assert!(queue.take(n)));
            let pusher = queue.clone();
            let thread = loom::thread::spawn(move || (before..before + pushes).for_each(|n| pusher.push(n)));
            let mut next = gone;
            for _ in 0..attempts {
                next += u64::from(queue.take(next));
            }
            assert!(next >= before.min(gone + attempts), "what was there before is found");
            thread.join().unwrap();
            while queue.take(next) {
                next += 1;
            }
            assert_eq!(next, before + pushes);
        });
    }

    #[test]
    fn loom_the_first_values_of_a_queue_come_out_in_order() {
        ends_beside_each_other(1, 0, 0, 2, 3);
    }

    #[test]
    fn loom_the_taker_follows_the_pusher_to_the_next_segment() {
        ends_beside_each_other(1, 3, 3, 3, 3);
    }

    #[test]
    fn loom_emptied_segments_go_from_the_taker_to_the_pusher() {
        // So large that all segments have the same room, and none is freed.
        ends_beside_each_other(64, 7, 4, 2, 2);
        ends_beside_each_other(64, 15, 8, 3, 5);
    }

    #[test]
    fn loom_a_full_queue_has_room_again_once_a_value_is_taken() {
        loom::model(|| {
            let queue = Arc::new(Queue::new(1, 1, 3));
            queue.push(0);
            assert!(queue.full());
            let pusher = queue.clone();
            let thread = loom::thread::spawn(move || {
                let mut next = 1;
                for _ in 0..3 {
                    if next < 3 && !pusher.full() {
                        pusher.push(next);
                        next += 1;
                    }
                }
                next
            });
            let mut taken = 0;
            for _ in 0..3 {
                taken += u64::from(taken < 3 && queue.take(taken));
            }
            let pushed = thread.join().unwrap();
            assert!(pushed - taken <= 1 && taken >= 1);
            assert_eq!(queue.middle.len(&queue.front, &queue.back) as u64, pushed - taken);
        });
    }
}
