// The works on Go, and the protocol of a contender: see ../work.cpp and ../contender.hpp.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type sample map[string]float64

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}

func checkEqual(got, expected int) {
	if got != expected {
		fail("a task gave", got, "instead of", expected)
	}
}

func same(_ context.Context, number int) (int, error) { return number, nil }

func nap(ctx context.Context, number int) (int, error) {
	timer := time.NewTimer(10 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return number, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

type stopwatch struct {
	started time.Time
	cpu     float64
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func start() stopwatch { return stopwatch{time.Now(), cpuSeconds()} }

func (w stopwatch) read() sample {
	return sample{"seconds": time.Since(w.started).Seconds(), "cpu_seconds": cpuSeconds() - w.cpu}
}

func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		fail(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		fail(err)
	}
	return float64(pages * os.Getpagesize())
}

func runTasks(run body, size, capacity int) sample {
	tasks := newManager(capacity)
	entries := make([]*entry, size)
	watch := start()
	for number := range entries {
		task, err := tasks.add("t"+strconv.Itoa(number), run, number, 30*time.Second)
		if err != nil {
			fail(err)
		}
		entries[number] = task
	}
	for number, task := range entries {
		value, err := task.result()
		if err != nil {
			fail(err)
		}
		checkEqual(value, number)
	}
	return watch.read()
}

func runAdd(size int) sample   { return runTasks(same, size, 128) }
func runSleep(size int) sample { return runTasks(nap, size, 2000) }

func runGather(size int) sample {
	watch := start()
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	values, errs := gather(ctx, same, size, 128, 5*time.Second)
	for item, value := range values {
		if errs[item] != nil {
			fail(errs[item])
		}
		checkEqual(value, item)
	}
	return watch.read()
}

// Returns when all of them sleep.
func startSleepers(tasks *manager, size int) []*entry {
	var asleep sync.WaitGroup
	asleep.Add(size)
	sleepOn := func(ctx context.Context, _ int) (int, error) {
		timer := time.NewTimer(time.Hour)
		defer timer.Stop()
		asleep.Done()
		select {
		case <-timer.C:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	entries := make([]*entry, size)
	for number := range entries {
		task, err := tasks.add("t"+strconv.Itoa(number), sleepOn, number, 2*time.Hour)
		if err != nil {
			fail(err)
		}
		entries[number] = task
	}
	asleep.Wait()
	return entries
}

func cancelAll(tasks *manager, entries []*entry) {
	tasks.cancelAll()
	for _, task := range entries {
		if task.result(); task.state != "cancelled" {
			fail("one was not cancelled:", task.state)
		}
	}
}

func runCancel(size int) sample {
	tasks := newManager(size)
	entries := startSleepers(tasks, size)
	watch := start()
	cancelAll(tasks, entries)
	return watch.read()
}

func runMemory(size int) sample {
	tasks := newManager(size)
	cancelAll(tasks, startSleepers(tasks, 1))
	before := residentBytes()
	entries := startSleepers(tasks, size)
	runtime.GC() // without what is only garbage by now
	debug.FreeOSMemory()
	after := residentBytes()
	cancelAll(tasks, entries)
	return sample{"bytes": after - before}
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	var first, second int
	var group sync.WaitGroup
	group.Add(2)
	go func() {
		first = fib(n - 1)
		group.Done()
	}()
	go func() {
		second = fib(n - 2)
		group.Done()
	}()
	group.Wait()
	return first + second
}

func plainFib(n int) int {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func runTree(size int) sample {
	watch := start()
	sum := fib(size)
	taken := watch.read()
	checkEqual(sum, plainFib(size))
	return taken
}

func runLatency(size int) sample {
	tasks := newManager(128)
	taken := make([]float64, size)
	for number := range taken {
		time.Sleep(time.Millisecond)
		watch := start()
		task, err := tasks.add("t", same, number, 30*time.Second)
		if err != nil {
			fail(err)
		}
		value, err := task.result()
		if err != nil {
			fail(err)
		}
		taken[number] = time.Since(watch.started).Seconds()
		checkEqual(value, number)
	}
	sort.Float64s(taken)
	return sample{"p50_seconds": taken[size/2], "p99_seconds": taken[size*99/100]}
}

func runChannel(size int) sample {
	watch := start()
	numbers, sums := make(chan int, 64), make(chan int)
	go func() {
		sum := 0
		for number := range numbers {
			sum += number
		}
		sums <- sum
	}()
	for number := 0; number < size; number++ {
		numbers <- number
	}
	close(numbers)
	checkEqual(<-sums, size*(size-1)/2)
	return watch.read()
}

func main() {
	works := map[string]func(int) sample{
		"add": runAdd, "gather": runGather, "sleep": runSleep, "cancel": runCancel, "memory": runMemory,
		"tree": runTree, "latency": runLatency, "channel": runChannel, "http": runHTTP,
	}
	if len(os.Args) == 2 && os.Args[1] == "--about" {
		names := []string{}
		for name := range works {
			names = append(names, name)
		}
		sort.Strings(names)
		json.NewEncoder(os.Stdout).Encode(map[string]any{
			"name": "Go", "version": strings.TrimPrefix(runtime.Version(), "go"), "works": names,
		})
		return
	}
	if len(os.Args) != 3 || works[os.Args[1]] == nil {
		fail("usage: go_tasks WORK SIZE, or --about")
	}
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(works[os.Args[1]](size))
}
