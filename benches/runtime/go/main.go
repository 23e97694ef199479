// The benchmarks as a Go programmer would write them: `peer NAME [COUNT]` prints nanoseconds and a check sum.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"
)

func main() {
	name := os.Args[1]
	switch name {
	case "parked":
		parked()
		return
	case "wake":
		wake()
		return
	}
	all := map[string]func() (time.Duration, int){
		"spawn": spawn, "spawn_await": spawnAwait, "spawn_channel": spawnAwait, "skynet": runSkynet, "ping_pong": pingPong, "ring": ring,
		// Go has no unbounded channels; a large buffer is what one would use.
		"fan_in_unbounded": func() (time.Duration, int) { return fanIn(2000000) },
		"fan_in_bounded":   func() (time.Duration, int) { return fanIn(1024) },
		"fork_join":        forkJoin, "select": selectThree, "scale": scale,
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

func work(x int64) int {
	for i := 0; i < 4000000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
		x ^= x >> 29
	}
	return int(x & 1023)
}

func scale() (time.Duration, int) {
	start := time.Now()
	done := make(chan int, 64)
	for seed := int64(0); seed < 64; seed++ {
		seed := seed
		go func() { done <- work(seed) }()
	}
	sum := 0
	for i := 0; i < 64; i++ {
		sum += <-done
	}
	return time.Since(start), sum
}

// Prints the median, the number of rounds, and the 99th percentile.
func wake() {
	gate, reply := make(chan time.Time, 1), make(chan time.Duration, 1)
	go func() {
		for sent := range gate {
			reply <- time.Since(sent)
		}
	}()
	var delays []int
	for i := 0; i < 1000; i++ {
		time.Sleep(time.Millisecond)
		gate <- time.Now()
		for waits := true; waits; {
			select {
			case delay := <-reply:
				delays = append(delays, int(delay))
				waits = false
			default:
			}
		}
	}
	close(gate)
	sort.Ints(delays)
	fmt.Println(delays[500], len(delays), delays[990])
}

func parked() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	ready, gate := make(chan int, count), make(chan int)
	time.Sleep(200 * time.Millisecond)
	start := time.Now()
	for i := 0; i < count; i++ {
		go func() {
			ready <- 1
			<-gate
		}()
	}
	sum := 0
	for i := 0; i < count; i++ {
		sum += <-ready
	}
	elapsed := time.Since(start)
	time.Sleep(500 * time.Millisecond)
	for i := 0; i < count; i++ {
		gate <- 1
	}
	fmt.Println(elapsed.Nanoseconds(), sum)
}
