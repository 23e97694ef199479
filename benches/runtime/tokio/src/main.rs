//! The benchmarks as a user of tokio would write them: `tokio-peer NAME WORKERS [COUNT]` prints nanoseconds and a check
//! sum. With mimalloc, as servers that care are built (and as the Kōdo runtime is).

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("a benchmark");
    let workers = args.next().and_then(|n| n.parse().ok()).expect("a number of workers");
    let count = args.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap();
    // On a worker, as tokio's own documentation advises: `block_on` itself runs outside the pool.
    runtime.block_on(async move {
        tokio::spawn(async move {
            let (time, sum) = match name.as_str() {
                "spawn" => spawn().await,
                "spawn_await" => spawn_await().await,
                "spawn_channel" => spawn_channel().await,
                "skynet" => {
                    let start = Instant::now();
                    let (tx, mut rx) = mpsc::unbounded_channel();
                    tokio::spawn(skynet(tx, 0, 1_000_000));
                    let sum = rx.recv().await.unwrap();
                    (start.elapsed(), sum)
                }
                "ping_pong" => ping_pong().await,
                "ring" => ring().await,
                "fan_in_unbounded" => fan_in_unbounded().await,
                "fan_in_bounded" => fan_in_bounded().await,
                "fork_join" => {
                    let start = Instant::now();
                    let sum = fib(30).await;
                    (start.elapsed(), sum)
                }
                "select" => select().await,
                "scale" => scale().await,
                "parked" => parked(count).await,
                "wake" => return wake().await,
                _ => panic!("no such benchmark"),
            };
            println!("{} {sum}", time.as_nanos());
        })
        .await
        .unwrap();
    });
}

async fn spawn() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, mut rx) = mpsc::unbounded_channel();
    for i in 0..1_000_000 {
        let tx = tx.clone();
        tokio::spawn(async move {
            if i % 1000 == 0 {
                tx.send(1).unwrap();
            }
        });
    }
    let mut sum = 0;
    for _ in 0..1000 {
        sum += rx.recv().await.unwrap();
    }
    (start.elapsed(), sum)
}

async fn spawn_await() -> (Duration, i64) {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..1_000_000 {
        sum += tokio::spawn(async move { i + 1 }).await.unwrap();
    }
    (start.elapsed(), sum)
}

async fn spawn_channel() -> (Duration, i64) {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..1_000_000 {
        let (result, value) = oneshot::channel();
        tokio::spawn(async move {
            let _ = result.send(i + 1);
        });
        sum += value.await.unwrap();
    }
    (start.elapsed(), sum)
}

fn skynet(up: mpsc::UnboundedSender<i64>, num: i64, size: i64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if size == 1 {
            up.send(num).unwrap();
            return;
        }
        let (tx, mut rx) = mpsc::unbounded_channel();
        for i in 0..10 {
            tokio::spawn(skynet(tx.clone(), num + i * (size / 10), size / 10));
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += rx.recv().await.unwrap();
        }
        up.send(sum).unwrap();
    })
}

/// tokio has no rendezvous channel; one place is the nearest.
async fn ping_pong() -> (Duration, i64) {
    let start = Instant::now();
    let (ping_tx, mut ping_rx) = mpsc::channel(1);
    let (pong_tx, mut pong_rx) = mpsc::channel(1);
    tokio::spawn(async move {
        for _ in 0..500_000 {
            let v: i64 = ping_rx.recv().await.unwrap();
            pong_tx.send(v + 1).await.unwrap();
        }
    });
    let mut value = 0;
    for _ in 0..500_000 {
        ping_tx.send(value).await.unwrap();
        value = pong_rx.recv().await.unwrap();
    }
    (start.elapsed(), value)
}

async fn ring() -> (Duration, i64) {
    let start = Instant::now();
    let (done, mut ended) = mpsc::unbounded_channel();
    let (first, mut from) = mpsc::channel::<i64>(1);
    for i in 0..503 {
        let (to, next) = if i == 502 { (first.clone(), mpsc::channel(1).1) } else { mpsc::channel(1) };
        let done = done.clone();
        let mut here = std::mem::replace(&mut from, next);
        tokio::spawn(async move {
            while let Some(token) = here.recv().await {
                if token == 0 {
                    let _ = done.send(1);
                    return;
                }
                if to.send(token - 1).await.is_err() {
                    return;
                }
            }
        });
    }
    first.send(1_000_000).await.unwrap();
    let sum = ended.recv().await.unwrap();
    (start.elapsed(), sum)
}

async fn fan_in_unbounded() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, mut rx) = mpsc::unbounded_channel();
    for _ in 0..8 {
        let tx = tx.clone();
        tokio::spawn(async move {
            for i in 0..250_000i64 {
                tx.send(i).unwrap();
            }
        });
    }
    let mut sum = 0;
    for _ in 0..2_000_000 {
        sum += rx.recv().await.unwrap();
    }
    (start.elapsed(), sum)
}

async fn fan_in_bounded() -> (Duration, i64) {
    let start = Instant::now();
    let (tx, mut rx) = mpsc::channel(1024);
    for _ in 0..8 {
        let tx = tx.clone();
        tokio::spawn(async move {
            for i in 0..250_000i64 {
                tx.send(i).await.unwrap();
            }
        });
    }
    let mut sum = 0;
    for _ in 0..2_000_000 {
        sum += rx.recv().await.unwrap();
    }
    (start.elapsed(), sum)
}

fn fib(n: i64) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let left = tokio::spawn(fib(n - 1));
        let right = fib(n - 2).await;
        left.await.unwrap() + right
    })
}

async fn select() -> (Duration, i64) {
    let filled = || {
        let (tx, rx) = mpsc::unbounded_channel();
        for _ in 0..2_000_000 {
            tx.send(1i64).unwrap();
        }
        (tx, rx)
    };
    let ((_a, mut a), (_b, mut b), (_c, mut c)) = (filled(), filled(), filled());
    let start = Instant::now();
    let mut sum = 0;
    for _ in 0..2_000_000 {
        tokio::select! {
            Some(v) = a.recv() => sum += v,
            Some(v) = b.recv() => sum += v,
            Some(v) = c.recv() => sum += v,
        }
    }
    (start.elapsed(), sum)
}

fn work(mut x: i64) -> i64 {
    for _ in 0..4_000_000 {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x ^= x >> 29;
    }
    x & 1023
}

async fn scale() -> (Duration, i64) {
    let start = Instant::now();
    let threads: Vec<_> = (0..64).map(|seed| tokio::spawn(async move { work(seed) })).collect();
    let mut sum = 0;
    for thread in threads {
        sum += thread.await.unwrap();
    }
    (start.elapsed(), sum)
}

/// Prints the median, the number of rounds, and the 99th percentile.
async fn wake() {
    let (gate, mut opened) = mpsc::unbounded_channel::<Instant>();
    let (reply, mut replied) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(sent) = opened.recv().await {
            reply.send(sent.elapsed()).unwrap();
        }
    });
    let mut delays = Vec::new();
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        gate.send(Instant::now()).unwrap();
        // What a task wakes is run by its own worker next, and by nobody else: a task that computes has to say so.
        delays.push(tokio::task::block_in_place(|| {
            loop {
                if let Ok(delay) = replied.try_recv() {
                    break delay.as_nanos();
                }
            }
        }));
    }
    delays.sort_unstable();
    println!("{} {} {}", delays[500], delays.len(), delays[990]);
}

async fn parked(count: usize) -> (Duration, i64) {
    let (ready, mut came) = mpsc::unbounded_channel();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    for _ in 0..count {
        let (ready, gate) = (ready.clone(), gate.clone());
        tokio::spawn(async move {
            ready.send(1i64).unwrap();
            gate.acquire().await.unwrap().forget();
        });
    }
    let mut sum = 0;
    for _ in 0..count {
        sum += came.recv().await.unwrap();
    }
    let elapsed = start.elapsed();
    tokio::time::sleep(Duration::from_millis(500)).await;
    gate.add_permits(count);
    (elapsed, sum)
}
