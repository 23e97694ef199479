//! Many threads, exact sums, and every value dropped exactly once.

use super::*;

const PER_PRODUCER: i64 = 2_000;

fn exact_sum(ch: &Ch<Counted>, ledger: &Ledger, producers: i64, consumers: i64) {
    let (sum, left) = (AtomicI64::new(0), AtomicI64::new(producers));
    scope(|scope| {
        for producer in 0..producers {
            let (ch, left) = (&ch, &left);
            scope.spawn(move || {
                for n in 0..PER_PRODUCER {
                    assert_eq!(ch.send(ledger.value(producer * PER_PRODUCER + n)), Sent::Value);
                }
                if left.fetch_sub(1, SeqCst) == 1 {
                    ch.close();
                }
            });
        }
        for _ in 0..consumers {
            let (ch, sum) = (ch.clone(), &sum);
            scope.spawn(move || {
                while let Some(value) = ch.next() {
                    sum.fetch_add(value.0.id, SeqCst);
                    value.drop_it();
                }
            });
        }
    });
    let count = producers * PER_PRODUCER;
    assert_eq!(sum.load(SeqCst), count * (count - 1) / 2);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn many_producers_and_consumers_exchange_every_value_once() {
    let ledger = Ledger::default();
    for (producers, consumers) in [(4, 4), (1, 6), (6, 1)] {
        for ch in [unbounded(), bounded(16), bounded(1), bounded(0)] {
            exact_sum(&ch, &ledger, producers, consumers);
        }
    }
}

/// Receivers of every kind compete: plain, timed with tiny limits, tries, and selects with timeouts and losing sends.
#[test]
fn receivers_of_every_kind_lose_nothing() {
    let ledger = Ledger::default();
    for ch in [unbounded::<Counted>(), bounded(3), bounded(0)] {
        let (sum, live) = (AtomicI64::new(0), AtomicI64::new(3));
        let never = bounded::<Counted>(0);
        let take = &|value: Counted| {
            sum.fetch_add(value.0.id, SeqCst);
            value.drop_it();
        };
        scope(|scope| {
            for producer in 0..3 {
                let (ch, ledger, live, never) = (&ch, &ledger, &live, &never);
                scope.spawn(move || {
                    for n in 0..PER_PRODUCER {
                        let mut value = ledger.value(producer * PER_PRODUCER + n);
                        if n % 2 == 0 {
                            assert_eq!(ch.send(value), Sent::Value);
                        } else {
                            let mut other = ledger.value(-1);
                            let arms = [never.give(&mut other), ch.give(&mut value)];
                            assert_eq!(select(arms, Otherwise::Wait), Chosen::Arm(1));
                        }
                    }
                    if live.fetch_sub(1, SeqCst) == 1 {
                        ch.close();
                    }
                });
            }
            let own = ch.clone();
            scope.spawn(move || {
                while let Some(value) = own.next() {
                    take(value)
                }
            });
            scope.spawn(|| {
                loop {
                    match ch.timed(1) {
                        Ok(value) => take(value),
                        Err(Received::Closed) => break,
                        Err(_) => {}
                    }
                }
            });
            scope.spawn(|| {
                loop {
                    match ch.try_recv() {
                        Ok(value) => take(value),
                        Err(Received::Closed) => break,
                        Err(_) => std::thread::yield_now(),
                    }
                }
            });
            scope.spawn(|| {
                let mut got = ledger.value(-2);
                got.drop_it();
                loop {
                    let mut lost = ledger.value(-3);
                    match select([ch.take(&mut got), never.give(&mut lost)], Otherwise::Timeout(1)) {
                        Chosen::Arm(0) => take(got),
                        Chosen::Timeout => match ch.try_recv() {
                            Ok(value) => take(value),
                            Err(Received::Closed) => break,
                            Err(_) => {}
                        },
                        other => panic!("{other:?}"),
                    }
                }
            });
        });
        let count = 3 * PER_PRODUCER;
        assert_eq!(sum.load(SeqCst), count * (count - 1) / 2);
        assert_eq!(ledger.live(), 0);
    }
}

/// Handles come and go while threads wait for the end of their channel.
#[test]
fn next_always_ends() {
    for round in 0..500 {
        let ch = unbounded::<i64>();
        scope(|scope| {
            for _ in 0..3 {
                let ch = ch.clone();
                scope.spawn(move || while ch.next().is_some() {});
            }
            for v in 0..2 {
                let ch = ch.clone();
                scope.spawn(move || assert_eq!(ch.send(v + round), Sent::Value));
            }
            drop(ch);
        });
    }
}
