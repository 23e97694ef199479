//! Conformance: what Go's own channel tests check, asked of these channels. Where the languages differ (a receive on
//! a closed channel, sends to nobody) the rules here are this language's.

use super::*;

/// Doug McIlroy's sieve: a chain of filters, each a thread, each a channel.
#[test]
fn sieve() {
    let mut input = bounded::<i64>(0);
    let numbers = {
        let output = input.clone();
        spawn(move || (2..).take_while(|&v| output.send(v) == Sent::Value).count())
    };
    let mut filters = Vec::new();
    let mut channels = vec![input.clone()];
    let mut primes = Vec::new();
    for _ in 0..25 {
        let prime = input.recv();
        primes.push(prime);
        let (from, to) = (input, bounded::<i64>(0));
        input = to.clone();
        channels.push(to.clone());
        filters.push(spawn(move || {
            while let Some(v) = from.next() {
                if v % prime != 0 && to.send(v) != Sent::Value {
                    break;
                }
            }
        }));
    }
    channels.iter().for_each(Ch::close);
    filters.into_iter().for_each(|filter| filter.join().unwrap());
    numbers.join().unwrap();
    assert_eq!(primes.last(), Some(&97));
}

/// Values through a chain of relays keep their order, whatever the capacities.
#[test]
fn relays_keep_the_order() {
    for capacity in [0, 1, 10] {
        let mut input = bounded::<i64>(capacity);
        let first = input.clone();
        let mut relays = Vec::new();
        for _ in 0..10 {
            let (from, to) = (input, bounded::<i64>(capacity));
            input = to.clone();
            relays.push(spawn(move || {
                while let Some(v) = from.next() {
                    assert_eq!(to.send(v), Sent::Value);
                }
            }));
        }
        let source = spawn(move || (0..200).for_each(|v| assert_eq!(first.send(v), Sent::Value)));
        let got: Vec<i64> = std::iter::from_fn(|| input.next()).collect();
        assert!(got.into_iter().eq(0..200));
        source.join().unwrap();
        relays.into_iter().for_each(|relay| relay.join().unwrap());
    }
}

/// The waiting ends of a rendezvous are served in the order in which they came, one token passed down the line.
#[test]
fn synchronous_fifo() {
    let ch = bounded::<i64>(10);
    let mut threads = Vec::new();
    let first = bounded::<i64>(1);
    let mut signal = first.clone();
    for v in 0..10 {
        let (ch, mine, next) = (ch.clone(), signal, bounded::<i64>(1));
        signal = next.clone();
        threads.push(spawn(move || {
            mine.recv();
            assert_eq!(ch.send(v), Sent::Value);
            assert_eq!(next.send(0), Sent::Value);
        }));
    }
    assert_eq!(first.send(0), Sent::Value);
    (0..10).for_each(|v| assert_eq!(ch.recv(), v));
    signal.recv();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Attempts that must fail, then the same ones with a partner.
#[test]
fn nonblocking_operations() {
    for ch in [bounded::<i64>(0), bounded(1)] {
        assert_eq!(ch.try_recv(), Err(Received::Nothing));
        let mut x = 0;
        assert_eq!(select([ch.take(&mut x)], Otherwise::Default), Chosen::Default);
        scope(|scope| {
            scope.spawn(|| assert_eq!(ch.timed(60_000), Ok(123)));
            until(|| ch.receivers() == 1);
            assert_eq!(ch.try_send(123), Sent::Value);
        });
        while ch.try_send(7) == Sent::Value {}
        scope(|scope| {
            scope.spawn(|| assert_eq!(ch.send(234), Sent::Value));
            until(|| ch.senders() == 1);
            if ch.len() == 1 {
                assert_eq!(ch.try_recv(), Ok(7));
            }
            assert_eq!(select([ch.take(&mut x)], Otherwise::Default), Chosen::Arm(0));
            assert_eq!(x, 234);
        });
    }
}

/// A `select` that is served by one channel must not stay in the queue of another, where it would swallow the
/// turn of whoever comes behind it.
#[test]
fn a_served_select_does_not_hold_up_those_behind_it() {
    let (c1, c2) = (bounded::<i64>(0), bounded::<i64>(0));
    scope(|scope| {
        scope.spawn(|| {
            let (mut x, mut y) = (0, 0);
            assert_eq!(select([c1.take(&mut x), c2.take(&mut y)], Otherwise::Wait), Chosen::Arm(1));
        });
        until(|| c1.receivers() == 1);
        scope.spawn(|| assert_eq!(c1.recv(), 42));
        until(|| c1.receivers() == 2);
        assert_eq!(c2.send(1), Sent::Value);
        assert_eq!(c1.send(42), Sent::Value);
    });
}

/// Each `select` takes exactly one value, so none is seen twice and none is lost.
#[test]
fn double_select() {
    let chs = [bounded::<i64>(0), bounded(0), bounded(3), unbounded()];
    let all = unbounded::<i64>();
    scope(|scope| {
        scope.spawn(|| {
            for v in 0..2_000 {
                let [mut p, mut q, mut r, mut s] = [v; 4];
                let arms = [chs[0].give(&mut p), chs[1].give(&mut q), chs[2].give(&mut r), chs[3].give(&mut s)];
                assert!(matches!(select(arms, Otherwise::Wait), Chosen::Arm(_)));
            }
            chs.iter().for_each(Ch::close);
        });
        for ch in &chs {
            let (ch, all) = (ch.clone(), all.clone());
            scope.spawn(move || {
                while let Some(v) = ch.next() {
                    assert_eq!(all.send(v), Sent::Value);
                }
            });
        }
    });
    let mut got: Vec<i64> = std::iter::from_fn(|| all.try_recv().ok()).collect();
    got.sort_unstable();
    assert!(got.into_iter().eq(0..2_000));
}

/// A server that answers over channels it is sent, as in Go's "chan of chan".
#[test]
fn request_and_reply() {
    let requests = bounded::<[i64; 3]>(0);
    let server = {
        let requests = requests.clone();
        spawn(move || {
            while let Some([a, b, reply]) = requests.next() {
                assert_eq!(Ch::<i64>(reply as *mut u8, PhantomData).send(a + b), Sent::Value);
            }
        })
    };
    scope(|scope| {
        for client in 0..5 {
            let requests = requests.clone();
            scope.spawn(move || {
                let reply = bounded::<i64>(0);
                for n in 0..50 {
                    let handle = reply.clone();
                    assert_eq!(requests.send([n, client, handle.0 as i64]), Sent::Value);
                    std::mem::forget(handle);
                    assert_eq!(reply.recv(), n + client);
                }
            });
        }
    });
    drop(requests);
    server.join().unwrap();
}

/// Closing while others send, receive and select: everybody ends, no value is lost or doubled.
#[test]
fn close_races() {
    for round in 0..100 {
        let ch = if round % 3 == 0 { unbounded::<i64>() } else { bounded(round % 3 - 1) };
        let (sent, received) = (AtomicI64::new(0), AtomicI64::new(0));
        scope(|scope| {
            for v in 1..=2 {
                let (ch, sent) = (&ch, &sent);
                scope.spawn(move || {
                    while ch.send(v) == Sent::Value {
                        sent.fetch_add(v, SeqCst);
                    }
                });
            }
            let (own, received) = (ch.clone(), &received);
            scope.spawn(move || {
                while let Some(v) = own.next() {
                    received.fetch_add(v, SeqCst);
                }
            });
            scope.spawn(|| {
                let mut x = 0;
                while let Chosen::Arm(_) = select([ch.take(&mut x)], Otherwise::Wait) {
                    received.fetch_add(x, SeqCst);
                }
            });
            until(|| received.load(SeqCst) > 20);
            ch.close();
        });
        assert_eq!(sent.load(SeqCst), received.load(SeqCst));
    }
}
