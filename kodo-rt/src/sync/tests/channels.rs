//! The rules of channels, one test each.

use super::*;
use std::sync::atomic::AtomicUsize;

#[test]
fn values_come_out_in_the_order_they_went_in() {
    for ch in [unbounded::<i64>(), bounded(1000), bounded(7), bounded(1), bounded(0)] {
        scope(|scope| {
            scope.spawn(|| (0..500).for_each(|v| assert_eq!(ch.send(v), Sent::Value)));
            (0..500).for_each(|v| assert_eq!(ch.recv(), v));
        });
    }
}

#[test]
fn values_of_every_size_arrive_whole() {
    fn check<T: Element + PartialEq + std::fmt::Debug>(make: impl Fn(u8) -> T + Sync) {
        for ch in [unbounded::<T>(), bounded(3), bounded(0)] {
            scope(|scope| {
                scope.spawn(|| (0..100).for_each(|n| assert_eq!(ch.send(make(n)), Sent::Value)));
                (0..50).for_each(|n| assert_eq!(ch.recv(), make(n)));
                (50..100).for_each(|n| {
                    let mut got = make(255);
                    assert_eq!(select([ch.take(&mut got)], Otherwise::Wait), Chosen::Arm(0));
                    assert_eq!(got, make(n));
                });
            });
        }
    }
    check(|_| ());
    check(|n| n);
    check(|n| [u16::from(n); 5]);
    check(|n| [i64::from(n), -i64::from(n), 7]);
    check(|n| [i64::from(n); 9]);
    check(|n| u128::from(n) << 77);
}

#[test]
fn an_unbounded_channel_takes_any_number_of_values() {
    let ch = unbounded::<i64>();
    for round in 0..3 {
        for v in 0..20_000 {
            assert_eq!(ch.try_send(v + round), Sent::Value);
        }
        assert_eq!(ch.len(), 20_000);
        for v in 0..20_000 {
            assert_eq!(ch.try_recv(), Ok(v + round));
        }
        assert_eq!(ch.try_recv(), Err(Received::Nothing));
    }
}

#[test]
fn a_full_channel_blocks_senders_and_serves_them_in_order() {
    let ch = bounded::<i64>(2);
    assert_eq!((ch.send(0), ch.send(1)), (Sent::Value, Sent::Value));
    scope(|scope| {
        for v in 2..6 {
            let ch = &ch;
            scope.spawn(move || assert_eq!(ch.send(v), Sent::Value));
            until(|| ch.senders() == v as usize - 1);
        }
        assert_eq!(ch.len(), 2);
        for v in 0..6 {
            assert_eq!(ch.recv(), v);
        }
    });
    assert_eq!((ch.len(), ch.senders()), (0, 0));
}

#[test]
fn parked_receivers_are_served_in_order() {
    for ch in [unbounded::<i64>(), bounded(2), bounded(0)] {
        let keep = ch.clone();
        let threads: Vec<_> = (0..4)
            .map(|v| {
                let receiver = ch.clone();
                let thread = spawn(move || assert_eq!(receiver.recv(), v));
                until(|| ch.receivers() == v as usize + 1);
                thread
            })
            .collect();
        (0..4).for_each(|v| assert_eq!(keep.send(v), Sent::Value));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn a_rendezvous_ends_for_both_at_once() {
    let ch = bounded::<i64>(0);
    assert_eq!(ch.try_send(1), Sent::Full);
    let sent = AtomicUsize::new(0);
    scope(|scope| {
        scope.spawn(|| {
            assert_eq!(ch.send(5), Sent::Value);
            sent.store(1, SeqCst);
        });
        until(|| ch.senders() == 1);
        assert_eq!((ch.len(), sent.load(SeqCst)), (0, 0));
        assert_eq!(ch.try_recv(), Ok(5));
    });
    scope(|scope| {
        scope.spawn(|| assert_eq!(ch.timed(60_000), Ok(6)));
        until(|| ch.receivers() == 1);
        assert_eq!(ch.try_send(6), Sent::Value);
    });
}

#[test]
fn try_send_fails_on_full_and_on_closed_channels_and_drops_the_value() {
    let ledger = Ledger::default();
    let ch = bounded::<Counted>(1);
    assert_eq!(ch.try_send(ledger.value(0)), Sent::Value);
    assert_eq!(ch.try_send(ledger.value(1)), Sent::Full);
    assert_eq!(ledger.live(), 1);
    ch.close();
    assert_eq!(ch.try_send(ledger.value(2)), Sent::Closed);
    assert_eq!(ledger.live(), 1);
    ch.try_recv().unwrap().drop_it();
    assert_eq!(ledger.live(), 0);
}

#[test]
fn a_closed_channel_is_drained_before_it_ends() {
    let ch = unbounded::<i64>();
    assert_eq!((ch.send(1), ch.send(2)), (Sent::Value, Sent::Value));
    ch.close();
    ch.close();
    assert_eq!(ch.send(3), Sent::Closed);
    assert_eq!((ch.recv(), ch.next()), (1, Some(2)));
    assert_eq!(ch.next(), None);
    assert_eq!(ch.receive(Until::Value), Err(Received::Closed));
    assert_eq!(ch.try_recv(), Err(Received::Closed));
    assert_eq!(ch.timed(60_000), Err(Received::Closed));
}

#[test]
fn closing_wakes_every_receiver() {
    let ch = bounded::<i64>(3);
    scope(|scope| {
        for until in [Until::Value, Until::End, Until::Milliseconds(60_000), Until::Milliseconds(i64::MAX)] {
            let ch = ch.clone();
            scope.spawn(move || assert_eq!(ch.receive(until), Err(Received::Closed)));
        }
        until(|| ch.receivers() == 4);
        ch.close();
    });
}

#[test]
fn closing_turns_blocked_senders_away() {
    let ledger = Ledger::default();
    for capacity in [0, 2] {
        let ch = bounded::<Counted>(capacity);
        (0..capacity).for_each(|v| assert_eq!(ch.send(ledger.value(v)), Sent::Value));
        scope(|scope| {
            for v in 0..3 {
                let (ch, value) = (ch.clone(), ledger.value(v));
                scope.spawn(move || assert_eq!(ch.send(value), Sent::Closed));
            }
            until(|| ch.senders() == 3);
            ch.close();
        });
        assert_eq!(ledger.live(), capacity as usize);
        (0..capacity).for_each(|_| ch.recv().drop_it());
    }
    assert_eq!(ledger.live(), 0);
}

#[test]
fn a_timed_receive_ends_without_a_value_and_leaves_the_queue() {
    let ch = unbounded::<i64>();
    let start = Instant::now();
    assert_eq!(ch.timed(20), Err(Received::Nothing));
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(ch.receivers(), 0);
    assert_eq!(ch.timed(0), Err(Received::Nothing));
    assert_eq!(ch.timed(-5), Err(Received::Nothing));
    assert_eq!(ch.send(1), Sent::Value);
    assert_eq!(ch.timed(-5), Ok(1));
}

#[test]
fn a_timed_receive_gets_a_value_in_time() {
    let ch = bounded::<i64>(0);
    for limit in [60_000, i64::MAX] {
        scope(|scope| {
            scope.spawn(|| assert_eq!(ch.timed(limit), Ok(8)));
            until(|| ch.receivers() == 1);
            assert_eq!(ch.send(8), Sent::Value);
        });
    }
}

#[test]
fn a_value_goes_to_nobody_whose_time_is_up() {
    let ch = bounded::<i64>(1);
    for round in 0..200 {
        scope(|scope| {
            let receiver = scope.spawn(|| ch.timed(1));
            assert_eq!(ch.send(round), Sent::Value);
            match receiver.join().unwrap() {
                Ok(v) => assert_eq!(v, round),
                Err(_) => assert_eq!(ch.try_recv(), Ok(round)),
            }
        });
        assert_eq!((ch.len(), ch.receivers()), (0, 0));
    }
}

#[test]
fn queued_values_die_with_the_channel() {
    let ledger = Ledger::default();
    for received in [0, 3, 10] {
        let ch = unbounded::<Counted>();
        (0..10).for_each(|v| assert_eq!(ch.send(ledger.value(v)), Sent::Value));
        (0..received).for_each(|_| ch.recv().drop_it());
        let other = ch.clone();
        drop(ch);
        assert_eq!(ledger.live(), 10 - received);
        drop(other);
        assert_eq!(ledger.live(), 0);
    }
}

#[test]
fn a_value_is_shared_once_before_it_is_published() {
    let ledger = Ledger::default();
    let ch = bounded::<Counted>(1);
    let (first, mut second) = (ledger.value(1), ledger.value(2));
    assert_eq!(ch.send(first), Sent::Value);
    assert_eq!(first.shared(), [1, 0]);
    scope(|scope| {
        scope.spawn(|| assert_eq!(select([ch.give(&mut second)], Otherwise::Wait), Chosen::Arm(0)));
        until(|| ch.senders() == 1);
        ch.recv().drop_it();
        let got = ch.recv();
        assert_eq!((got.0.id, got.shared()), (2, [1, 0]));
        got.drop_it();
    });
    assert_eq!(ledger.live(), 0);
}

#[test]
fn next_ends_when_the_last_other_handle_goes() {
    let ch = unbounded::<i64>();
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let ch = ch.clone();
            spawn(move || ch.next())
        })
        .collect();
    until(|| ch.receivers() == 3);
    let other = ch.clone();
    drop(ch);
    assert_eq!(other.send(4), Sent::Value);
    drop(other);
    // One got the value; the others wait as long as it keeps its handle, and end when that goes.
    let mut got: Vec<_> = receivers.into_iter().map(|receiver| receiver.join().unwrap()).collect();
    got.sort();
    assert_eq!(got, [None, None, Some(4)]);
}

#[test]
fn next_ends_when_it_waits_with_the_only_handle() {
    assert_eq!(unbounded::<i64>().next(), None);
    assert_eq!(bounded::<i64>(0).next(), None);
    let ch = bounded::<i64>(2);
    assert_eq!(ch.send(1), Sent::Value);
    assert_eq!((ch.next(), ch.next()), (Some(1), None));
    // It ends only for now: the handle can still send.
    assert_eq!(ch.send(2), Sent::Value);
    assert_eq!(ch.next(), Some(2));
}

#[test]
fn a_handle_in_a_queue_or_with_a_timed_receiver_keeps_next_waiting() {
    let ch = unbounded::<i64>();
    let next = {
        let ch = ch.clone();
        spawn(move || ch.next())
    };
    until(|| ch.receivers() == 1);
    let timed = {
        let ch = ch.clone();
        spawn(move || ch.timed(60_000).map(|v| (v, ch)))
    };
    until(|| ch.receivers() == 2);
    let outer = unbounded::<Handle>();
    assert_eq!(outer.send(Handle::of(&ch)), Sent::Value);
    drop(ch);
    let ch = outer.recv().into_ch::<i64>();
    assert_eq!(ch.receivers(), 2);
    assert_eq!((ch.send(1), ch.send(2)), (Sent::Value, Sent::Value));
    assert_eq!(next.join().unwrap(), Some(1));
    assert_eq!(timed.join().unwrap().unwrap().0, 2);
}

#[test]
fn a_plain_receive_stays_parked_when_next_ends() {
    let ch = unbounded::<i64>();
    let plain = {
        let ch = ch.clone();
        spawn(move || ch.recv())
    };
    until(|| ch.receivers() == 1);
    let next = {
        let ch = ch.clone();
        spawn(move || {
            let got = ch.next();
            // The plain receiver is still there, and can be served by the one that ended.
            assert_eq!(ch.receivers(), 1);
            assert_eq!(ch.send(9), Sent::Value);
            got
        })
    };
    until(|| ch.receivers() == 2);
    drop(ch);
    assert_eq!(next.join().unwrap(), None);
    assert_eq!(plain.join().unwrap(), 9);
}

#[test]
fn a_pipeline_ends_stage_by_stage() {
    let first = unbounded::<i64>();
    let mut input = first.clone();
    let mut stages = Vec::new();
    for _ in 0..5 {
        let output = unbounded::<i64>();
        let (from, to) = (input, output.clone());
        stages.push(spawn(move || {
            while let Some(v) = from.next() {
                assert_eq!(to.send(v + 1), Sent::Value);
            }
        }));
        input = output;
    }
    let sink = spawn(move || std::iter::from_fn(|| input.next()).sum::<i64>());
    (0..100).for_each(|v| assert_eq!(first.send(v), Sent::Value));
    drop(first);
    stages.into_iter().for_each(|stage| stage.join().unwrap());
    assert_eq!(sink.join().unwrap(), (0..100).map(|v| v + 5).sum());
}

/// A channel's handle as a value; the chain of channels in channels is of one type.
#[derive(Clone, Copy)]
struct Handle(*mut u8);
// SAFETY: handles may be used by any thread.
unsafe impl Send for Handle {}

unsafe extern "C" fn drop_handle(value: *mut u8) {
    // SAFETY: the value is a handle.
    unsafe { channel::release(*value.cast::<*mut u8>()) }
}

impl Element for Handle {
    fn info() -> &'static TypeInfo {
        static INFO: Static<TypeInfo> = info(8, 8, None, Some(drop_handle), None);
        &INFO.0
    }
}

impl Handle {
    fn of<T: Element>(ch: &Ch<T>) -> Handle {
        let handle = ch.clone();
        let raw = Handle(handle.0);
        std::mem::forget(handle);
        raw
    }
    fn into_ch<T: Element>(self) -> Ch<T> {
        Ch(self.0, PhantomData)
    }
}

#[test]
fn channels_in_channels_die_together_without_nesting() {
    let ledger = Ledger::default();
    let inner = unbounded::<Counted>();
    assert_eq!(inner.send(ledger.value(0)), Sent::Value);
    let mut outer = unbounded::<Handle>();
    assert_eq!(outer.send(Handle::of(&inner)), Sent::Value);
    drop(inner);
    for _ in 0..100_000 {
        let next = unbounded::<Handle>();
        assert_eq!(next.send(Handle::of(&outer)), Sent::Value);
        outer = next;
    }
    assert_eq!(ledger.live(), 1);
    drop(outer);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn the_death_of_a_queued_handle_ends_next() {
    let inner = unbounded::<i64>();
    let outer = unbounded::<Handle>();
    assert_eq!(outer.send(Handle::of(&inner)), Sent::Value);
    scope(|scope| {
        scope.spawn(move || assert_eq!(inner.next(), None));
        drop(outer);
    });
}
