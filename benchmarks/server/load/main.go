// Command load is a crowd before a server: requests at an even rate, viewers of all events, viewers of one run each.
//
// It reads what to do as JSON from standard input, and writes what it saw as JSON. Requests are sent when they are due,
// whether or not the ones before have been answered, and their time counts from when they were due: a server that
// stands still for a moment is seen to do so by all who came meanwhile.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Plan is what to do.
type Plan struct {
	URL     string      `json:"url"`
	Token   string      `json:"token"`
	Rate    float64     `json:"rate"`    // requests a second
	Warm    float64     `json:"warm"`    // seconds whose requests do not count
	Seconds float64     `json:"seconds"` // those that count
	Mix     []Operation `json:"mix"`
	Viewers struct {
		System int `json:"system"` // of all events
		Runs   int `json:"runs"`   // of one run each, one after the other
		Slow   int `json:"slow"`   // of all events, an event a second until the requests are over
	} `json:"viewers"`
	Deltas  int     `json:"deltas"`  // pieces of text that a run streams; fewer than 0: streams are only read
	Patient float64 `json:"patient"` // seconds that runs and viewers have to come to an end
}

// Operation is a kind of request. {run} in its path is a run that was started, {question} one that waits.
type Operation struct {
	Name   string          `json:"name"`
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
	Weight int             `json:"weight"`
}

// lists gives the first operation that reads, and needs nothing for it.
func (p Plan) lists() Operation {
	for _, each := range p.Mix {
		if each.Method == "GET" && !strings.Contains(each.Path, "{") {
			return each
		}
	}
	panic("the mix has nothing that can be read at once")
}

// Crowd is all who ask, and what they saw.
type Crowd struct {
	plan    Plan
	client  *http.Client
	begun   time.Time
	results *Results
	book    *Book
	over    chan struct{} // closed once requests are over
	pending sync.WaitGroup
}

func main() {
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		fmt.Fprintln(os.Stderr, "expected a plan as JSON:", err)
		os.Exit(2)
	}
	transport := &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 512}
	crowd := &Crowd{
		plan: plan, client: &http.Client{Transport: transport}, results: newResults(), book: newBook(),
		begun: time.Now(), over: make(chan struct{}),
	}
	viewing := crowd.view()
	fmt.Fprintln(os.Stderr, "READY")
	crowd.ask()
	close(crowd.over)
	crowd.pending.Wait()
	said := crowd.results.summary()
	said["viewers"] = viewing.finish(time.Duration(plan.Patient * float64(time.Second)))
	said["started"] = crowd.book.count()
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		panic(err)
	}
}

// ask sends requests until their time is over, or somebody ends it.
func (c *Crowd) ask() {
	order := shuffled(c.plan.Mix)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	all := int(c.plan.Rate * (c.plan.Warm + c.plan.Seconds))
	for i := 0; i < all; i++ {
		due := c.begun.Add(time.Duration(float64(i) / c.plan.Rate * float64(time.Second)))
		select {
		case <-stop:
			return
		case <-time.After(time.Until(due)):
		}
		c.pending.Add(1)
		go c.send(order[i%len(order)], due)
	}
}

// shuffled gives each operation as often as it weighs, in an order that is the same each time.
func shuffled(mix []Operation) []Operation {
	var all []Operation
	for _, each := range mix {
		for range each.Weight {
			all = append(all, each)
		}
	}
	rand.New(rand.NewSource(1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func (c *Crowd) counts(due time.Time) bool {
	return due.Sub(c.begun).Seconds() >= c.plan.Warm
}
