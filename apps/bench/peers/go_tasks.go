// A peer of taskactor-bench: a manager of tasks as one writes it in Go, on goroutines.
//
// It has ids that are checked, states, a limit and a deadline for each task (a context). Who adds a task waits for a
// place to run it in, which is Go's way, and faster than a goroutine that waits. It lacks what Go lacks: a goroutine
// can't be stopped from outside, so that a body has to look at its context.
package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errDuplicate = errors.New("duplicate id")

// A task from its admission to its end.
type entry struct {
	state  string
	cancel context.CancelFunc
	value  int
	err    error
	ended  chan struct{}
}

type manager struct {
	mutex   sync.Mutex
	table   map[string]*entry
	running chan struct{} // as many places as may run at once
}

type body func(context.Context, int) (int, error)

func newManager(capacity int) *manager {
	return &manager{table: map[string]*entry{}, running: make(chan struct{}, capacity)}
}

// Starts a task as soon as there is a place for it, or says why not.
func (m *manager) add(id string, run body, argument int, timeout time.Duration) (*entry, error) {
	m.running <- struct{}{}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, there := m.table[id]; there {
		<-m.running
		return nil, errDuplicate
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	task := &entry{state: "running", cancel: cancel, ended: make(chan struct{})}
	m.table[id] = task
	go m.supervise(ctx, id, task, run, argument)
	return task, nil
}

func (m *manager) supervise(ctx context.Context, id string, task *entry, run body, argument int) {
	task.value, task.err = run(ctx, argument)
	task.cancel()
	m.mutex.Lock()
	task.state = stateOf(task.err)
	delete(m.table, id)
	m.mutex.Unlock()
	<-m.running
	close(task.ended)
}

func stateOf(err error) string {
	switch {
	case err == nil:
		return "completed"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	}
	return "failed"
}

// All at once.
func (m *manager) cancelAll() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, task := range m.table {
		task.cancel()
	}
}

// Waits for the end.
func (task *entry) result() (int, error) {
	<-task.ended
	return task.value, task.err
}

// The values in the order of the items, so many at once, each with a deadline.
func gather(ctx context.Context, run body, size, atOnce int, timeout time.Duration) ([]int, []error) {
	values, errs := make([]int, size), make([]error, size)
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for item := 0; item < size; item++ {
		slots <- struct{}{}
		group.Add(1)
		go func(item int) {
			defer group.Done()
			limited, done := context.WithTimeout(ctx, timeout)
			values[item], errs[item] = run(limited, item)
			done()
			<-slots
		}(item)
	}
	group.Wait()
	return values, errs
}
