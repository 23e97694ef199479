// The benchmarks as a Go programmer would write them: `peer NAME` prints nanoseconds and a check sum.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	name := os.Args[1]
	if name == "parked" {
		parked()
		return
	}
	all := map[string]func() (time.Duration, int){
		"spawn": spawn, "spawn_await": spawnAwait, "skynet": runSkynet, "ping_pong": pingPong, "ring": ring,
		// Go has no unbounded channels; a large buffer is what one would use.
		"fan_in_unbounded": func() (time.Duration, int) { return fanIn(2000000) },
		"fan_in_bounded":   func() (time.Duration, int) { return fanIn(1024) },
		"fork_join":        forkJoin, "select": selectThree,
	}
	elapsed, sum := all[name]()
	fmt.Println(elapsed.Nanoseconds(), sum)
}

func spawn() (time.Duration, int) {
	start := time.Now()
	done := make(chan int, 1000)
	for i := 0; i < 1000000; i++ {
		i := i
		go func() {
			if i%1000 == 0 {
				done <- 1
			}
		}()
	}
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += <-done
	}
	return time.Since(start), sum
}

func spawnAwait() (time.Duration, int) {
	start := time.Now()
	sum := 0
	for i := 0; i < 1000000; i++ {
		i := i
		result := make(chan int, 1)
		go func() { result <- i + 1 }()
		sum += <-result
	}
	return time.Since(start), sum
}

func skynet(up chan int, num, size int) {
	if size == 1 {
		up <- num
		return
	}
	sums := make(chan int, 10)
	for i := 0; i < 10; i++ {
		go skynet(sums, num+i*(size/10), size/10)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-sums
	}
	up <- sum
}

func runSkynet() (time.Duration, int) {
	start := time.Now()
	top := make(chan int, 1)
	go skynet(top, 0, 1000000)
	sum := <-top
	return time.Since(start), sum
}

func pingPong() (time.Duration, int) {
	start := time.Now()
	ping, pong := make(chan int), make(chan int)
	go func() {
		for i := 0; i < 500000; i++ {
			pong <- <-ping + 1
		}
	}()
	value := 0
	for i := 0; i < 500000; i++ {
		ping <- value
		value = <-pong
	}
	return time.Since(start), value
}

func ring() (time.Duration, int) {
	start := time.Now()
	done := make(chan int, 1)
	first := make(chan int, 1)
	from := first
	for i := 0; i < 503; i++ {
		to := make(chan int, 1)
		if i == 502 {
			to = first
		}
		go func(from, to chan int) {
			for {
				token := <-from
				if token == 0 {
					done <- 1
					return
				}
				to <- token - 1
			}
		}(from, to)
		from = to
	}
	first <- 1000000
	sum := <-done
	return time.Since(start), sum
}

func fanIn(room int) (time.Duration, int) {
	start := time.Now()
	ch := make(chan int, room)
	for p := 0; p < 8; p++ {
		go func() {
			for i := 0; i < 250000; i++ {
				ch <- i
			}
		}()
	}
	sum := 0
	for i := 0; i < 2000000; i++ {
		sum += <-ch
	}
	return time.Since(start), sum
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	left := make(chan int, 1)
	go func() { left <- fib(n - 1) }()
	right := fib(n - 2)
	return <-left + right
}

func forkJoin() (time.Duration, int) {
	start := time.Now()
	sum := fib(30)
	return time.Since(start), sum
}

func selectThree() (time.Duration, int) {
	filled := func() chan int {
		ch := make(chan int, 2000000)
		for i := 0; i < 2000000; i++ {
			ch <- 1
		}
		return ch
	}
	a, b, c := filled(), filled(), filled()
	start := time.Now()
	sum := 0
	for i := 0; i < 2000000; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		}
	}
	return time.Since(start), sum
}

func parked() {
	ready, gate := make(chan int, 100000), make(chan int)
	fmt.Println("before")
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 100000; i++ {
		go func() {
			ready <- 1
			<-gate
		}()
	}
	sum := 0
	for i := 0; i < 100000; i++ {
		sum += <-ready
	}
	fmt.Println("after")
	time.Sleep(300 * time.Millisecond)
	for i := 0; i < 100000; i++ {
		gate <- 1
	}
	fmt.Println(sum)
}
