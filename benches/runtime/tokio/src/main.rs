//! The benchmarks as a user of tokio would write them: `tokio-peer NAME WORKERS` prints nanoseconds and a check sum.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("a benchmark");
    let workers = args.next().and_then(|n| n.parse().ok()).expect("a number of workers");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_time().build().unwrap();
    // On a worker, as tokio's own documentation advises: `block_on` itself runs outside the pool.
    runtime.block_on(async move {
        tokio::spawn(async move {
            let (time, sum) = match name.as_str() {
                "spawn" => spawn().await,
                "spawn_await" => spawn_await().await,
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
                "parked" => return parked().await,
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

async fn parked() {
    let (ready, mut came) = mpsc::unbounded_channel();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    println!("before");
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..100_000 {
        let (ready, gate) = (ready.clone(), gate.clone());
        tokio::spawn(async move {
            ready.send(1i64).unwrap();
            gate.acquire().await.unwrap().forget();
        });
    }
    let mut sum = 0;
    for _ in 0..100_000 {
        sum += came.recv().await.unwrap();
    }
    println!("after");
    tokio::time::sleep(Duration::from_millis(300)).await;
    gate.add_permits(100_000);
    println!("{sum}");
}
