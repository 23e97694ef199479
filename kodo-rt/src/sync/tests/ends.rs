//! What ends the process, each in a child.

use super::*;
use crate::sync::entries::*;
use std::ptr;

fn check(name: &str, code: i32, message: &str, body: impl FnOnce()) {
    let name = format!("sync::tests::ends::{name}");
    if let Some((output, text)) = ends_process(&name, body) {
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(message), "{text}");
    }
}

fn raw_send(ch: &Ch<i64>) {
    let mut value = 1i64;
    // SAFETY: a handle and a value.
    unsafe { kodo_channel_send(ch.0, (&raw mut value).cast(), &SITE.0) }
}

fn raw_recv(ch: &Ch<i64>) -> i64 {
    let mut value = 0i64;
    // SAFETY: a handle and room for a value.
    unsafe { kodo_channel_recv(ch.0, (&raw mut value).cast(), &SITE.0) }
    value
}

fn raw_select<const N: usize>(arms: [Arm<'_>; N]) -> i64 {
    let mut arms = arms.map(|arm| arm.0);
    // SAFETY: the arms borrow handles and values.
    unsafe { kodo_select(arms.as_mut_ptr(), N as i64, crate::abi::SELECT_WAIT, 0, &SITE.0) }
}

#[test]
fn receive_on_a_closed_and_drained_channel_panics() {
    let name = "receive_on_a_closed_and_drained_channel_panics";
    check(name, 101, "receive on a closed channel (made at test.ko:3:14)", || {
        let ch = unbounded();
        raw_send(&ch);
        ch.close();
        assert_eq!(raw_recv(&ch), 1);
        raw_recv(&ch);
    });
}

#[test]
fn send_on_a_closed_channel_panics() {
    check("send_on_a_closed_channel_panics", 101, "send on a closed channel (made at test.ko:3:14)", || {
        let ch = unbounded();
        ch.close();
        raw_send(&ch);
    });
}

#[test]
fn closing_makes_a_blocked_sender_panic() {
    check("closing_makes_a_blocked_sender_panic", 101, "send on a closed channel (made at test.ko:3:14)", || {
        let ch = bounded(0);
        scope(|scope| {
            scope.spawn(|| raw_send(&ch));
            until(|| ch.senders() == 1);
            ch.close();
        });
    });
}

#[test]
fn a_select_of_closed_channels_panics() {
    check("a_select_of_closed_channels_panics", 101, "select: every channel is closed", || {
        let (a, b) = (unbounded::<i64>(), unbounded::<i64>());
        let (mut x, mut y) = (0, 0);
        a.close();
        scope(|scope| {
            scope.spawn(|| raw_select([a.take(&mut x), b.take(&mut y)]));
            until(|| b.receivers() == 1);
            b.close();
        });
    });
}

#[test]
fn a_send_arm_on_a_closed_channel_panics() {
    check("a_send_arm_on_a_closed_channel_panics", 101, "send on a closed channel (made at test.ko:3:14)", || {
        let (a, b) = (unbounded::<i64>(), unbounded::<i64>());
        let (mut x, mut y) = (0, 0);
        a.close();
        raw_select([a.give(&mut x), b.take(&mut y)]);
    });
}

#[test]
fn a_negative_capacity_panics() {
    check("a_negative_capacity_panics", 101, "cannot be negative (-1)", || {
        // SAFETY: static descriptions.
        unsafe { kodo_channel_bounded(-1, i64::info(), ptr::null()) };
    });
}
