// The work `http` on Go: net/http, 64 at once.
package main

import (
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

func runHTTP(size int) sample {
	const atOnce = 64
	url := os.Getenv("TASKACTOR_BENCH_URL")
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: atOnce, MaxConnsPerHost: atOnce},
		Timeout:   30 * time.Second,
	}
	get := func() int {
		answer, err := client.Get(url)
		if err != nil {
			fail(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			fail(err)
		}
		checkEqual(answer.StatusCode, 200)
		return len(body)
	}
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	watch := start()
	group.Add(size)
	for i := 0; i < size; i++ {
		slots <- struct{}{}
		go func() {
			defer group.Done()
			checkEqual(get(), 1024)
			<-slots
		}()
	}
	group.Wait()
	return watch.read()
}
