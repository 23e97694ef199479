//! The benchmarks as a user of may would write them: `may-peer NAME WORKERS [COUNT]` prints nanoseconds and a check sum.
//! Its channels have no bounds: one with room is a channel and a semaphore.

use may::sync::{Semphore, mpsc, spsc};
use may::{coroutine, go};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("a benchmark");
    let workers = args.next().and_then(|n| n.parse().ok()).expect("a number of workers");
    let count = args.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    may::config().set_workers(workers);
    // In a coroutine, as the others' programs are.
    let main = go!(move || {
        let (time, sum) = match name.as_str() {
            "spawn" => spawn(),
            "spawn_await" => spawn_await(),
            "spawn_channel" => spawn_channel(),
            "skynet" => run_skynet(),
            "ping_pong" => ping_pong(),
            "ring" => ring(),
            "fan_in_unbounded" => fan_in_unbounded(),
            "fan_in_bounded" => fan_in_bounded(),
            "fork_join" => fork_join(),
            "scale" => scale(),
            "parked" => parked(count),
            "wake" => return wake(),
            _ => panic!("no such benchmark"),
        };
        println!("{} {sum}", time.as_nanos());
    });
    main.join().unwrap();
}

/// A coroutine has its stack from the beginning, which is two of the 65 530 mappings of a process: so few at a time that the
/// stacks suffice.
fn spawn() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel();
    let mut sum = 0;
    for i in 0..1_000_000 {
        let tx = tx.clone();
        go!(move || {
            if i % 1000 == 0 {
                tx.send(1).unwrap();
            }
        });
        if i % 1000 == 999 {
            sum += rx.recv().unwrap();
        }
    }
    (start.elapsed(), sum)
}

fn spawn_await() -> (Duration, i64) {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..1_000_000 {
        sum += go!(move || i + 1).join().unwrap();
    }
    (start.elapsed(), sum)
}

fn spawn_channel() -> (Duration, i64) {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..1_000_000 {
        let (result, value) = spsc::channel();
        go!(move || {
            let _ = result.send(i + 1);
        });
        sum += value.recv().unwrap();
    }
    (start.elapsed(), sum)
}

fn skynet(up: mpsc::Sender<i64>, num: i64, size: i64) {
    if size == 1 {
        up.send(num).unwrap();
        return;
    }
    let (tx, rx) = mpsc::channel();
    for i in 0..10 {
        let tx = tx.clone();
        go!(move || skynet(tx, num + i * (size / 10), size / 10));
    }
    let mut sum = 0;
    for _ in 0..10 {
        sum += rx.recv().unwrap();
    }
    up.send(sum).unwrap();
}

fn run_skynet() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel();
    go!(move || skynet(tx, 0, 1_000_000));
    let sum = rx.recv().unwrap();
    (start.elapsed(), sum)
}

fn ping_pong() -> (Duration, i64) {
    let start = Instant::now();
    let (ping_tx, ping_rx) = spsc::channel::<i64>();
    let (pong_tx, pong_rx) = spsc::channel();
    go!(move || {
        for _ in 0..500_000 {
            pong_tx.send(ping_rx.recv().unwrap() + 1).unwrap();
        }
    });
    let mut value = 0;
    for _ in 0..500_000 {
        ping_tx.send(value).unwrap();
        value = pong_rx.recv().unwrap();
    }
    (start.elapsed(), value)
}

/// Every member has one writer and one reader, but the first also hears from main.
fn ring() -> (Duration, i64) {
    let start = Instant::now();
    let (done, ended) = mpsc::channel();
    let (first, mut from) = mpsc::channel::<i64>();
    for i in 0..503 {
        let (to, next) = if i == 502 { (first.clone(), mpsc::channel().1) } else { mpsc::channel() };
        let done = done.clone();
        let here = std::mem::replace(&mut from, next);
        go!(move || {
            while let Ok(token) = here.recv() {
                if token == 0 {
                    let _ = done.send(1);
                    return;
                }
                if to.send(token - 1).is_err() {
                    return;
                }
            }
        });
    }
    first.send(1_000_000).unwrap();
    let sum = ended.recv().unwrap();
    (start.elapsed(), sum)
}

fn fan_in_unbounded() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel();
    for _ in 0..8 {
        let tx = tx.clone();
        go!(move || {
            for i in 0..250_000i64 {
                tx.send(i).unwrap();
            }
        });
    }
    let mut sum = 0;
    for _ in 0..2_000_000 {
        sum += rx.recv().unwrap();
    }
    (start.elapsed(), sum)
}

fn fan_in_bounded() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, rx) = mpsc::channel();
    let room = Arc::new(Semphore::new(1024));
    for _ in 0..8 {
        let (tx, room) = (tx.clone(), room.clone());
        go!(move || {
            for i in 0..250_000i64 {
                room.wait();
                tx.send(i).unwrap();
            }
        });
    }
    let mut sum = 0;
    for _ in 0..2_000_000 {
        sum += rx.recv().unwrap();
        room.post();
    }
    (start.elapsed(), sum)
}

fn fib(n: i64) -> i64 {
    if n < 2 {
        return n;
    }
    let left = go!(move || fib(n - 1));
    let right = fib(n - 2);
    left.join().unwrap() + right
}

fn fork_join() -> (Duration, i64) {
    let start = Instant::now();
    let sum = fib(30);
    (start.elapsed(), sum)
}

fn work(mut x: i64) -> i64 {
    for _ in 0..4_000_000 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x ^= x >> 29;
    }
    x & 1023
}

fn scale() -> (Duration, i64) {
    let start = Instant::now();
    let threads: Vec<_> = (0..64).map(|seed| go!(move || work(seed))).collect();
    let sum = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    (start.elapsed(), sum)
}

/// Prints the median, the number of rounds, and the 99th percentile.
fn wake() {
    let (gate, opened) = spsc::channel::<Instant>();
    let (reply, replied) = spsc::channel();
    go!(move || {
        while let Ok(sent) = opened.recv() {
            reply.send(sent.elapsed()).unwrap();
        }
    });
    let mut delays = Vec::new();
    for _ in 0..1000 {
        coroutine::sleep(Duration::from_millis(1));
        gate.send(Instant::now()).unwrap();
        delays.push(loop {
            if let Ok(delay) = replied.try_recv() {
                break delay.as_nanos();
            }
        });
    }
    delays.sort_unstable();
    println!("{} {} {}", delays[500], delays.len(), delays[990]);
}

fn parked(count: usize) -> (Duration, i64) {
    let (ready, came) = mpsc::channel();
    let gate = Arc::new(Semphore::new(0));
    coroutine::sleep(Duration::from_millis(200));
    let start = Instant::now();
    for _ in 0..count {
        let (ready, gate) = (ready.clone(), gate.clone());
        go!(move || {
            ready.send(1i64).unwrap();
            gate.wait();
        });
    }
    let mut sum = 0;
    for _ in 0..count {
        sum += came.recv().unwrap();
    }
    let elapsed = start.elapsed();
    coroutine::sleep(Duration::from_millis(500));
    for _ in 0..count {
        gate.post();
    }
    (elapsed, sum)
}
