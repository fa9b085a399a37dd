package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Book knows the runs that were started, and the questions that wait.
type Book struct {
	lock      sync.Mutex
	runs      []string // that were started
	others    []string // that are listed
	questions []string
	known     map[string]bool
	chance    *rand.Rand
	started   chan string // runs nobody views yet
}

func newBook() *Book {
	return &Book{known: map[string]bool{}, chance: rand.New(rand.NewSource(2)), started: make(chan string, 1<<16)}
}

func (b *Book) count() int {
	b.lock.Lock()
	defer b.lock.Unlock()
	return len(b.runs)
}

func (b *Book) begun(run string) {
	b.lock.Lock()
	b.runs = append(b.runs, run)
	b.lock.Unlock()
	b.started <- run
}

func (b *Book) someRun() (string, bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	from := b.runs
	if len(from) == 0 {
		from = b.others
	}
	if len(from) == 0 {
		return "", false
	}
	return from[b.chance.Intn(len(from))], true
}

func (b *Book) listed(runs []string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(runs) > 0 {
		b.others = runs
	}
}

func (b *Book) asked(questions []string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, each := range questions {
		if !b.known[each] {
			b.known[each] = true
			b.questions = append(b.questions, each)
		}
	}
}

func (b *Book) someQuestion() (string, bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(b.questions) == 0 {
		return "", false
	}
	found := b.questions[0]
	b.questions = b.questions[1:]
	return found, true
}

// send makes one request, and notes how long it took from when it was due.
func (c *Crowd) send(what Operation, due time.Time) {
	defer c.pending.Done()
	path, ok := c.filled(what.Path)
	if !ok { // there is none yet
		what = c.plan.lists()
		path = what.Path
	}
	status, body := c.request(what.Method, path, what.Body)
	took := time.Since(due)
	c.note(status, body)
	if c.counts(due) {
		c.results.add(what.Name, status, took)
	}
}

func (c *Crowd) filled(path string) (string, bool) {
	for mark, some := range map[string]func() (string, bool){"{run}": c.book.someRun, "{question}": c.book.someQuestion} {
		if strings.Contains(path, mark) {
			found, ok := some()
			return strings.ReplaceAll(path, mark, found), ok
		}
	}
	return path, true
}

// request gives the status and the body of an answer; 0 and the error where there was none.
func (c *Crowd) request(method, path string, body []byte) (int, []byte) {
	asked, err := http.NewRequest(method, c.plan.URL+path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	asked.Header.Set("Authorization", "Bearer "+c.plan.Token)
	if body != nil {
		asked.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.client.Do(asked)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return answer.StatusCode, said
}

// note keeps the run that was started, and the questions that are listed.
func (c *Crowd) note(status int, body []byte) {
	var said struct {
		ID    string `json:"id"`
		Items []struct {
			ID       string  `json:"id"`
			Text     *string `json:"text"`     // questions have one
			Workflow *string `json:"workflow"` // runs have one
		} `json:"items"`
	}
	if json.Unmarshal(body, &said) != nil {
		return
	}
	if status == http.StatusCreated {
		c.book.begun(said.ID)
	}
	var questions, runs []string
	for _, each := range said.Items {
		if each.Text != nil {
			questions = append(questions, each.ID)
		} else if each.Workflow != nil {
			runs = append(runs, each.ID)
		}
	}
	c.book.asked(questions)
	c.book.listed(runs)
}

// Results are the times of requests, by operation.
type Results struct {
	lock     sync.Mutex
	times    map[string][]float64
	statuses map[string]int
}

func newResults() *Results {
	return &Results{times: map[string][]float64{}, statuses: map[string]int{}}
}

func (r *Results) add(name string, status int, took time.Duration) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.times[name] = append(r.times[name], float64(took)/float64(time.Millisecond))
	r.statuses[strconv.Itoa(status)]++
}

func (r *Results) summary() map[string]any {
	r.lock.Lock()
	defer r.lock.Unlock()
	each, all := map[string]any{}, []float64{}
	for name, times := range r.times {
		each[name] = quantiles(times)
		all = append(all, times...)
	}
	return map[string]any{"operations": each, "all": quantiles(all), "statuses": r.statuses}
}

// quantiles gives how many values there are, and the middle, the higher ones and the highest, in their unit.
func quantiles(values []float64) map[string]float64 {
	if len(values) == 0 {
		return map[string]float64{"count": 0}
	}
	sort.Float64s(values)
	at := func(share float64) float64 { return values[int(share*float64(len(values)-1)+0.5)] }
	return map[string]float64{
		"count": float64(len(values)), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1),
	}
}
