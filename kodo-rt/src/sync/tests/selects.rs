//! The rules of `select`, one test each.

use super::*;

#[test]
fn the_ready_arm_is_chosen() {
    let (a, b, c) = (unbounded::<i64>(), unbounded::<i64>(), bounded::<i64>(0));
    for round in 0..100 {
        let (mut x, mut y, mut z) = (-1, -1, -1);
        assert_eq!(b.send(round), Sent::Value);
        let arms = [a.take(&mut x), b.take(&mut y), c.give(&mut z)];
        assert_eq!(select(arms, Otherwise::Wait), Chosen::Arm(1));
        assert_eq!((x, y), (-1, round));
    }
}

#[test]
fn a_send_arm_with_room_is_chosen() {
    let (a, b) = (unbounded::<i64>(), bounded::<i64>(1));
    for round in 0..100 {
        let (mut x, mut y) = (-1, round);
        let arms = [a.take(&mut x), b.give(&mut y)];
        assert_eq!(select(arms, Otherwise::Default), Chosen::Arm(1));
        assert_eq!(b.recv(), round);
    }
}

#[test]
fn default_is_chosen_only_if_no_arm_is_ready() {
    let (a, b) = (unbounded::<i64>(), bounded::<i64>(0));
    let (mut x, mut y) = (0, 0);
    assert_eq!(select([a.take(&mut x), b.give(&mut y)], Otherwise::Default), Chosen::Default);
    assert_eq!(select([], Otherwise::Default), Chosen::Default);
    assert_eq!(a.send(3), Sent::Value);
    assert_eq!(select([a.take(&mut x), b.give(&mut y)], Otherwise::Default), Chosen::Arm(0));
    assert_eq!(x, 3);
    a.close();
    assert_eq!(select([a.take(&mut x)], Otherwise::Default), Chosen::Default);
}

#[test]
fn the_timeout_is_chosen_when_its_time_has_come() {
    let (a, b) = (unbounded::<i64>(), bounded::<i64>(0));
    let (mut x, mut y) = (0, 0);
    for ms in [-1, 0, 5, 20] {
        let start = Instant::now();
        assert_eq!(select([a.take(&mut x), b.give(&mut y)], Otherwise::Timeout(ms)), Chosen::Timeout);
        assert!(start.elapsed() >= Duration::from_millis(ms.max(0) as u64));
        assert_eq!((a.receivers(), b.senders()), (0, 0));
    }
    assert_eq!(select([], Otherwise::Timeout(5)), Chosen::Timeout);
    a.close();
    assert_eq!(select([a.take(&mut x)], Otherwise::Timeout(5)), Chosen::Timeout);
    assert_eq!(b.try_recv(), Err(Received::Nothing));
}

#[test]
fn a_waiting_select_is_served_by_any_arm_and_leaves_the_others() {
    let (a, b, c) = (unbounded::<i64>(), bounded::<i64>(0), bounded::<i64>(0));
    for (otherwise, served) in [Otherwise::Wait, Otherwise::Timeout(60_000), Otherwise::Timeout(i64::MAX)]
        .into_iter()
        .flat_map(|o| [(o, 0), (o, 1), (o, 2)])
    {
        scope(|scope| {
            let selecting = scope.spawn(|| {
                let (mut x, mut y, mut z) = (-1, -1, 33);
                let chosen = select([a.take(&mut x), b.take(&mut y), c.give(&mut z)], otherwise);
                (chosen, x, y)
            });
            until(|| a.receivers() == 1 && b.receivers() == 1 && c.senders() == 1);
            let expected = match served {
                0 => {
                    assert_eq!(a.send(11), Sent::Value);
                    (11, -1)
                }
                1 => {
                    assert_eq!(b.send(22), Sent::Value);
                    (-1, 22)
                }
                _ => {
                    assert_eq!(c.recv(), 33);
                    (-1, -1)
                }
            };
            let (chosen, x, y) = selecting.join().unwrap();
            assert_eq!((chosen, (x, y)), (Chosen::Arm(served), expected));
        });
        assert_eq!((a.receivers(), b.receivers(), c.senders()), (0, 0, 0));
    }
}

#[test]
fn the_choice_among_ready_arms_is_fair() {
    const ROUNDS: usize = 10_000;
    let chs = [(); 4].map(|()| unbounded::<i64>());
    let mut counts = [0usize; 4];
    for ch in &chs {
        (0..ROUNDS).for_each(|v| assert_eq!(ch.send(v as i64), Sent::Value));
    }
    for _ in 0..ROUNDS {
        let [mut p, mut q, mut r, mut s] = [0; 4];
        let arms = [chs[0].take(&mut p), chs[1].take(&mut q), chs[2].take(&mut r), chs[3].take(&mut s)];
        let Chosen::Arm(arm) = select(arms, Otherwise::Wait) else { panic!("an arm is ready") };
        counts[arm] += 1;
    }
    // The expectation is 2 500 each with a standard deviation of 43; this is more than eight of them.
    assert!(counts.iter().all(|&count| (2_100..2_900).contains(&count)), "{counts:?}");
}

#[test]
fn the_choice_is_fair_whichever_arms_are_ready() {
    const ROUNDS: usize = 10_000;
    let (never, a, b) = (unbounded::<i64>(), unbounded::<i64>(), unbounded::<i64>());
    (0..ROUNDS as i64).for_each(|v| assert_eq!((a.send(v), b.send(v)), (Sent::Value, Sent::Value)));
    let mut counts = [0usize; 4];
    for _ in 0..ROUNDS {
        let [mut p, mut q, mut r, mut s] = [0; 4];
        let arms = [a.take(&mut p), never.take(&mut q), never.take(&mut r), b.take(&mut s)];
        let Chosen::Arm(arm) = select(arms, Otherwise::Default) else { panic!("an arm is ready") };
        counts[arm] += 1;
    }
    assert!((4_600..5_400).contains(&counts[0]) && counts[0] + counts[3] == ROUNDS, "{counts:?}");
}

#[test]
fn sixty_arms_are_as_good_as_two() {
    let chs: Vec<Ch<i64>> = (0..60).map(|_| unbounded()).collect();
    let mut outs = vec![0; 60];
    for round in 0..600 {
        let target = round % 60;
        assert_eq!(chs[target].send(round as i64), Sent::Value);
        let mut arms: Vec<SelectArm> = chs.iter().zip(&mut outs).map(|(ch, out)| ch.take(out).0).collect();
        // SAFETY: the arms have handles and room for values.
        assert_eq!(unsafe { select::select(&mut arms, Otherwise::Wait, &SITE.0) }, Chosen::Arm(target));
        assert_eq!(outs[target], round as i64);
    }
}

#[test]
fn losing_values_are_dropped_and_the_winning_one_moves() {
    let ledger = Ledger::default();
    let (full, room) = (bounded::<Counted>(1), bounded::<Counted>(1));
    assert_eq!(full.send(ledger.value(0)), Sent::Value);
    let (mut x, mut y) = (ledger.value(1), ledger.value(2));
    assert_eq!(select([full.give(&mut x), room.give(&mut y)], Otherwise::Wait), Chosen::Arm(1));
    assert_eq!((x.count(), y.count()), (0, 1));
    let (mut x, mut y) = (ledger.value(3), ledger.value(4));
    assert_eq!(select([full.give(&mut x), room.give(&mut y)], Otherwise::Default), Chosen::Default);
    assert_eq!((x.count(), y.count()), (0, 0));
    let (mut x, mut y) = (ledger.value(5), ledger.value(6));
    assert_eq!(select([full.give(&mut x), room.give(&mut y)], Otherwise::Timeout(1)), Chosen::Timeout);
    assert_eq!((x.count(), y.count()), (0, 0));
    scope(|scope| {
        scope.spawn(|| {
            let (mut x, mut y) = (ledger.value(7), ledger.value(8));
            assert_eq!(select([full.give(&mut x), room.give(&mut y)], Otherwise::Wait), Chosen::Arm(0));
            assert_eq!(y.count(), 0);
        });
        until(|| full.senders() == 1 && room.senders() == 1);
        full.recv().drop_it();
        let got = full.recv();
        assert_eq!(got.0.id, 7);
        got.drop_it();
    });
    assert_eq!(ledger.live(), 1);
    drop((full, room));
    assert_eq!(ledger.live(), 0);
}

#[test]
fn closed_and_drained_arms_are_never_chosen() {
    let (closed, open) = (unbounded::<i64>(), unbounded::<i64>());
    assert_eq!(closed.send(1), Sent::Value);
    closed.close();
    let (mut x, mut y) = (0, 0);
    assert_eq!(select([closed.take(&mut x), open.take(&mut y)], Otherwise::Wait), Chosen::Arm(0));
    for v in 0..100 {
        assert_eq!(open.send(v), Sent::Value);
        assert_eq!(select([closed.take(&mut x), open.take(&mut y)], Otherwise::Wait), Chosen::Arm(1));
        assert_eq!((x, y), (1, v));
    }
    open.close();
    assert_eq!(select([closed.take(&mut x), open.take(&mut y)], Otherwise::Wait), Chosen::AllClosed);
    assert_eq!(select([], Otherwise::Wait), Chosen::AllClosed);
}

#[test]
fn a_channel_closed_while_select_waits_is_one_arm_less() {
    let (a, b) = (unbounded::<i64>(), unbounded::<i64>());
    scope(|scope| {
        let selecting = scope.spawn(|| {
            let (mut x, mut y) = (0, 0);
            let first = select([a.take(&mut x), b.take(&mut y)], Otherwise::Wait);
            (first, y, select([a.take(&mut x), b.take(&mut y)], Otherwise::Wait))
        });
        until(|| a.receivers() == 1 && b.receivers() == 1);
        a.close();
        assert_eq!(b.send(5), Sent::Value);
        until(|| b.receivers() == 1);
        b.close();
        assert_eq!(selecting.join().unwrap(), (Chosen::Arm(1), 5, Chosen::AllClosed));
    });
}

#[test]
fn a_send_arm_whose_channel_closes_is_chosen_and_its_value_dropped() {
    let ledger = Ledger::default();
    let (a, b) = (bounded::<Counted>(0), unbounded::<i64>());
    scope(|scope| {
        scope.spawn(|| {
            let (mut x, mut y) = (ledger.value(1), 0);
            assert_eq!(select([b.take(&mut y), a.give(&mut x)], Otherwise::Wait), Chosen::SendOnClosed(1));
        });
        until(|| a.senders() == 1);
        a.close();
    });
    assert_eq!((ledger.live(), b.receivers()), (0, 0));
    let (mut x, mut y) = (ledger.value(2), 0);
    assert_eq!(select([a.give(&mut x), b.take(&mut y)], Otherwise::Default), Chosen::SendOnClosed(0));
    assert_eq!(ledger.live(), 0);
}

#[test]
fn a_channel_may_occur_in_several_arms() {
    let ch = bounded::<i64>(0);
    let (mut x, mut y, mut z) = (0, 0, 9);
    let arms = [ch.take(&mut x), ch.take(&mut y), ch.give(&mut z)];
    assert_eq!(select(arms, Otherwise::Default), Chosen::Default);
    scope(|scope| {
        let selecting = scope.spawn(|| {
            let (mut x, mut y, mut z) = (0, 0, 9);
            let chosen = select([ch.take(&mut x), ch.take(&mut y), ch.give(&mut z)], Otherwise::Wait);
            (chosen, x, y)
        });
        until(|| ch.receivers() == 2 && ch.senders() == 1);
        assert_eq!(ch.send(4), Sent::Value);
        // One of the receiving arms, whichever.
        let outcome = selecting.join().unwrap();
        assert!(matches!(outcome, (Chosen::Arm(0), 4, 0) | (Chosen::Arm(1), 0, 4)), "{outcome:?}");
        assert_eq!((ch.receivers(), ch.senders()), (0, 0));
    });
    scope(|scope| {
        let selecting = scope.spawn(|| {
            let (mut x, mut z) = (0, 9);
            select([ch.take(&mut x), ch.give(&mut z)], Otherwise::Wait)
        });
        until(|| ch.receivers() == 1 && ch.senders() == 1);
        assert_eq!(ch.recv(), 9);
        assert_eq!(selecting.join().unwrap(), Chosen::Arm(1));
    });
}

#[test]
fn a_waiting_select_chooses_fairly_among_arms_with_one_channel() {
    const ROUNDS: i64 = 400;
    let ch = bounded::<i64>(0);
    let mut sum = 0;
    scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                let (mut x, mut y) = (0, 1);
                assert!(matches!(select([ch.give(&mut x), ch.give(&mut y)], Otherwise::Wait), Chosen::Arm(_)));
            }
        });
        for _ in 0..ROUNDS {
            until(|| ch.senders() == 2);
            sum += ch.recv();
        }
    });
    // Ten standard deviations to either side.
    assert!((100..=300).contains(&sum), "{sum} of {ROUNDS}");
}

#[test]
fn selects_that_send_and_receive_on_one_channel_serve_each_other() {
    const ROUNDS: i64 = 2_000;
    let ch = bounded::<i64>(0);
    let (sent, received) = (AtomicI64::new(0), AtomicI64::new(0));
    let done = AtomicI64::new(0);
    scope(|scope| {
        for thread in 0..4 {
            let (ch, sent, received, done) = (&ch, &sent, &received, &done);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let (mut x, mut z) = (0, thread * ROUNDS + round);
                    match select([ch.take(&mut x), ch.give(&mut z)], Otherwise::Wait) {
                        Chosen::Arm(0) => received.fetch_add(x, SeqCst),
                        Chosen::Arm(_) => sent.fetch_add(z, SeqCst),
                        Chosen::SendOnClosed(_) | Chosen::AllClosed => break,
                        other => panic!("{other:?}"),
                    };
                }
                // The number of exchanges may leave one thread without a partner.
                if done.fetch_add(1, SeqCst) == 2 {
                    ch.close();
                }
            });
        }
    });
    assert_eq!(sent.load(SeqCst), received.load(SeqCst));
}

#[test]
fn crossing_selects_do_not_miss_each_other() {
    let (a, b) = (bounded::<i64>(0), bounded::<i64>(0));
    scope(|scope| {
        let run = |forth: Ch<i64>, back: Ch<i64>| {
            move || {
                let mut exchanged = 0;
                for round in 0..3_000 {
                    let (mut x, mut z) = (0, round);
                    let chosen = select([forth.give(&mut z), back.take(&mut x)], Otherwise::Wait);
                    assert!(matches!(chosen, Chosen::Arm(_)));
                    exchanged += 1;
                }
                exchanged
            }
        };
        let one = scope.spawn(run(a.clone(), b.clone()));
        let two = scope.spawn(run(b.clone(), a.clone()));
        assert_eq!(one.join().unwrap() + two.join().unwrap(), 6_000);
    });
    assert_eq!((a.receivers(), a.senders(), b.receivers(), b.senders()), (0, 0, 0, 0));
}
