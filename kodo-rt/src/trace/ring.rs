//! A ring of events: one writer, which never waits, and a reader at the end that may come while it still writes.
//!
//! ```text
//!   head: events written so far; event n is at n % EVENTS       reader: head, copy, head again:
//!   writer: words of event head, then head + 1 (Release)                what was overtaken meanwhile is dropped
//! ```
//!
//! The words are atomics, so that a torn event is only wrong, and it is among those that the second look at `head`
//! drops: the writer changes the words of event `head`, which are those of event `head - EVENTS`.

use super::{Event, Left};
use crate::abi::Site;
use crate::sched::park::Reason;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Events that a ring keeps: 2.5 MB, some milliseconds of a storm and minutes of an ordinary program.
pub const EVENTS: usize = 1 << 16;
const WORDS: usize = 5;

/// An event and its circumstances.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Nanoseconds since the start.
    pub time: u64,
    pub track: u32,
    pub event: Event,
    /// Threads in the queues of the worker, and in the queue from outside.
    pub queued: u32,
    pub outside: u32,
}

pub struct Ring {
    head: AtomicU64,
    words: Box<[AtomicU64]>,
}

impl Ring {
    pub fn new() -> Ring {
        // Zeroed by the system, page by page as they are used. SAFETY: zero is a value of an atomic number.
        let words = unsafe { Box::<[AtomicU64]>::new_zeroed_slice(EVENTS * WORDS).assume_init() };
        Ring { head: AtomicU64::new(0), words }
    }

    fn at(&self, n: u64) -> &[AtomicU64] {
        let first = (n % EVENTS as u64) as usize * WORDS;
        &self.words[first..first + WORDS]
    }

    /// By the writer only.
    pub fn push(&self, record: &Record) {
        let head = self.head.load(Ordering::Relaxed);
        for (word, value) in self.at(head).iter().zip(encode(record)) {
            word.store(value, Ordering::Relaxed);
        }
        // Release: partner of the first load in `read`.
        self.head.store(head + 1, Ordering::Release);
    }

    /// Adds the events, oldest first. The result is the number of those that were lost.
    pub fn read(&self, records: &mut Vec<Record>) -> u64 {
        let head = self.head.load(Ordering::Acquire);
        let oldest = head.saturating_sub(EVENTS as u64);
        let from = records.len();
        for n in oldest..head {
            let mut words = [0; WORDS];
            for (word, from) in words.iter_mut().zip(self.at(n)) {
                *word = from.load(Ordering::Relaxed);
            }
            records.push(decode(words));
        }
        // Acquire: the copies come before the second look.
        fence(Ordering::Acquire);
        // The event that is being written right now has changed words already.
        let overtaken = (self.head.load(Ordering::Relaxed) + 1).saturating_sub(EVENTS as u64).clamp(oldest, head);
        records.drain(from..from + (overtaken - oldest) as usize);
        overtaken
    }
}

// ---- events as words: time; id; site, or a second number; kind, detail and track; queue lengths

const NO_REASON: u8 = u8::MAX;

fn reason(reason: Option<Reason>) -> u8 {
    reason.map_or(NO_REASON, |reason| reason as u8)
}

fn encode(record: &Record) -> [u64; WORDS] {
    let place = |site: *const Site| site.expose_provenance() as u64;
    let (kind, detail, id, arg) = match record.event {
        Event::Spawn { id, site } => (0, 0, id, place(site)),
        Event::Run { id, site, starts } => (1, u8::from(starts), id, place(site)),
        Event::Leave { id, how: Left::Yielded } => (2, 0, id, 0),
        Event::Leave { id, how: Left::Parked(why) } => (3, reason(why), id, 0),
        Event::Leave { id, how: Left::Ended } => (4, 0, id, 0),
        Event::SliceEnded { id } => (5, 0, id, 0),
        Event::InlineBegin { id, site } => (6, 0, id, place(site)),
        Event::InlineEnd { id } => (7, 0, id, 0),
        Event::Wake { id, reason: why } => (8, reason(why), id, 0),
        Event::Notified { id } => (9, 0, id, 0),
        Event::Steal { victim, count } => (10, 0, victim as u64, count as u64),
        Event::Sleep => (11, 0, 0, 0),
        Event::OsBegin { site } => (12, 0, 0, place(site)),
        Event::OsPark { reason: why } => (13, why as u8, 0, 0),
        Event::OsGoOn => (14, 0, 0, 0),
        Event::OsEnd => (15, 0, 0, 0),
    };
    let tag = kind | u64::from(detail) << 8 | u64::from(record.track) << 32;
    [record.time, id, arg, tag, u64::from(record.queued) | u64::from(record.outside) << 32]
}

fn decode([time, id, arg, tag, queues]: [u64; WORDS]) -> Record {
    let detail = (tag >> 8) as u8;
    let site = std::ptr::with_exposed_provenance::<Site>(arg as usize);
    let event = match tag as u8 {
        0 => Event::Spawn { id, site },
        1 => Event::Run { id, site, starts: detail == 1 },
        2 => Event::Leave { id, how: Left::Yielded },
        3 => Event::Leave { id, how: Left::Parked(Reason::from_u8(detail)) },
        4 => Event::Leave { id, how: Left::Ended },
        5 => Event::SliceEnded { id },
        6 => Event::InlineBegin { id, site },
        7 => Event::InlineEnd { id },
        8 => Event::Wake { id, reason: Reason::from_u8(detail) },
        9 => Event::Notified { id },
        10 => Event::Steal { victim: id as usize, count: arg as usize },
        11 => Event::Sleep,
        12 => Event::OsBegin { site },
        13 => Event::OsPark { reason: Reason::from_u8(detail).unwrap_or(Reason::Recv) },
        14 => Event::OsGoOn,
        _ => Event::OsEnd,
    };
    Record { time, track: (tag >> 32) as u32, event, queued: queues as u32, outside: (queues >> 32) as u32 }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::ptr;

    fn record(time: u64, event: Event) -> Record {
        Record { time, track: 7, event, queued: 3, outside: 4 }
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        let site = Site { file: ptr::null(), file_len: 0, function: ptr::null(), function_len: 0, line: 1, column: 1 };
        let site = &raw const site;
        let events = [
            Event::Spawn { id: 5, site },
            Event::Run { id: 5, site, starts: true },
            Event::Run { id: 5, site: ptr::null(), starts: false },
            Event::Leave { id: 5, how: Left::Yielded },
            Event::Leave { id: 5, how: Left::Parked(Some(Reason::Join)) },
            Event::Leave { id: 5, how: Left::Parked(None) },
            Event::Leave { id: 5, how: Left::Ended },
            Event::SliceEnded { id: 5 },
            Event::InlineBegin { id: 6, site },
            Event::InlineEnd { id: 6 },
            Event::Wake { id: 5, reason: Some(Reason::Recv) },
            Event::Wake { id: 5, reason: None },
            Event::Notified { id: 5 },
            Event::Steal { victim: 2, count: 9 },
            Event::Sleep,
            Event::OsBegin { site },
            Event::OsPark { reason: Reason::Send },
            Event::OsGoOn,
            Event::OsEnd,
        ];
        let (ring, mut out) = (Ring::new(), Vec::new());
        events.iter().enumerate().for_each(|(n, event)| ring.push(&record(n as u64, *event)));
        assert_eq!(ring.read(&mut out), 0);
        assert_eq!(out.len(), events.len());
        for (n, (read, event)) in out.iter().zip(events).enumerate() {
            assert_eq!(format!("{read:?}"), format!("{:?}", record(n as u64, event)));
        }
    }

    #[test]
    fn a_full_ring_forgets_the_oldest_and_says_how_many() {
        let (ring, mut out) = (Ring::new(), Vec::new());
        let total = EVENTS as u64 + 10;
        (0..total).for_each(|n| ring.push(&record(n, Event::Sleep)));
        let lost = ring.read(&mut out);
        assert_eq!(lost + out.len() as u64, total);
        assert_eq!(lost, 11, "one more than needed: it may be half written");
        assert!(out.iter().map(|r| r.time).eq(lost..total));
    }

    #[test]
    fn a_reader_beside_the_writer_sees_whole_events_in_order() {
        let ring = Ring::new();
        let end = 3 * EVENTS as u64;
        std::thread::scope(|scope| {
            scope.spawn(|| (0..end).for_each(|n| ring.push(&record(n, Event::Wake { id: n, reason: None }))));
            loop {
                let mut out = Vec::new();
                let lost = ring.read(&mut out);
                for (expected, read) in (lost..).zip(&out) {
                    assert!(matches!(read.event, Event::Wake { id, .. } if id == expected && read.time == expected));
                }
                if lost + out.len() as u64 == end {
                    break;
                }
            }
        });
    }
}
