package main

import (
	"fmt"
	"sync"
	"time"
)

// Viewing is all who watch.
type Viewing struct {
	crowd  *Crowd
	group  sync.WaitGroup
	ending chan struct{} // closed once nobody waits any longer
	lock   sync.Mutex
	faults []string
	delays map[string][]float64 // milliseconds from when something happened to when it was seen, by kind of viewer
	seen   map[string]int       // events, by kind of viewer
	comes  map[string]int       // connections, by kind of viewer
	whole  int                  // runs that were seen from beginning to end
	late   int                  // pieces that were streamed before somebody watched
	ended  map[string]map[string]bool
}

func (c *Crowd) view() *Viewing {
	v := &Viewing{
		crowd: c, ending: make(chan struct{}), delays: map[string][]float64{}, seen: map[string]int{},
		comes: map[string]int{}, ended: map[string]map[string]bool{},
	}
	for i := range c.plan.Viewers.System {
		v.begin(func() { v.system("system", fmt.Sprintf("system %d", i), 0) })
	}
	for i := range c.plan.Viewers.Slow {
		v.begin(func() { v.system("slow", fmt.Sprintf("slow %d", i), time.Second) })
	}
	for range c.plan.Viewers.Runs {
		v.begin(v.runs)
	}
	return v
}

func (v *Viewing) begin(what func()) {
	v.group.Add(1)
	go func() { defer v.group.Done(); what() }()
}

// finish waits until all runs have ended for all who watch, and tells what was seen.
func (v *Viewing) finish(patience time.Duration) map[string]any {
	until := time.Now().Add(patience)
	for time.Now().Before(until) && !v.complete() {
		v.crowd.answerRest()
		time.Sleep(200 * time.Millisecond)
	}
	if !v.complete() {
		v.fault("not all that was started was seen to end by all: %s", v.missing())
	}
	close(v.ending)
	v.group.Wait()
	delays := map[string]any{}
	for kind, found := range v.delays {
		delays[kind] = quantiles(found)
	}
	faults := v.faults
	if len(faults) > 20 {
		faults = append(faults[:20], fmt.Sprintf("and %d more", len(v.faults)-20))
	}
	return map[string]any{"delays_ms": delays, "events": v.seen, "connections": v.comes, "whole": v.whole, "late": v.late, "faults": faults}
}

// answerRest answers what still waits, once no requests are sent any more.
func (c *Crowd) answerRest() {
	for _, each := range c.plan.Mix {
		if each.Name == "answer" {
			status, body := c.request("GET", "/questions?limit=200", nil)
			c.note(status, body)
			for path, ok := c.filled(each.Path); ok; path, ok = c.filled(each.Path) {
				c.request(each.Method, path, each.Body)
			}
		}
	}
}

func (v *Viewing) complete() bool {
	v.lock.Lock()
	defer v.lock.Unlock()
	wanted := v.crowd.book.count()
	if v.crowd.plan.Deltas < 0 {
		return true
	}
	if v.crowd.plan.Viewers.Runs > 0 && v.whole < wanted {
		return false
	}
	for _, runs := range v.ended {
		if len(runs) < wanted {
			return false
		}
	}
	return true
}

func (v *Viewing) missing() string {
	v.lock.Lock()
	defer v.lock.Unlock()
	found := fmt.Sprintf("%d started, %d seen whole", v.crowd.book.count(), v.whole)
	for name, runs := range v.ended {
		found += fmt.Sprintf(", %d by %s", len(runs), name)
	}
	return found
}

func (v *Viewing) fault(text string, about ...any) {
	v.lock.Lock()
	defer v.lock.Unlock()
	v.faults = append(v.faults, fmt.Sprintf(text, about...))
}

func (v *Viewing) came(kind string) {
	v.lock.Lock()
	defer v.lock.Unlock()
	v.comes[kind]++
}

// saw counts an event. Those of a run that happened before somebody watched it are told late: only what is streamed
// says how long it takes.
func (v *Viewing) saw(kind string, event Event, at time.Time) {
	v.lock.Lock()
	defer v.lock.Unlock()
	v.seen[kind]++
	if v.crowd.counts(event.Came) && (kind != "runs" || event.Type == "text_delta") {
		v.delays[kind] = append(v.delays[kind], float64(event.Came.Sub(at))/float64(time.Millisecond))
	}
}

// system watches all events, and comes again where it left off. Between events it pauses, until requests are over.
func (v *Viewing) system(kind, name string, pause time.Duration) {
	ended := map[string]bool{}
	v.lock.Lock()
	v.ended[name] = ended
	v.lock.Unlock()
	var last int64
	for !v.done() {
		stream, err := v.crowd.open("/events", last, pause > 0)
		if err != nil {
			v.fault("%s: %v", name, err)
			return
		}
		v.came(kind)
		left := make(chan struct{})
		go func() {
			select {
			case <-v.ending:
			case <-left:
			}
			stream.end()
		}()
		last = v.read(stream, kind, name, last, pause, ended)
		close(left)
	}
}

// read takes events until the connection ends, and gives the id of the last one.
func (v *Viewing) read(stream *Stream, kind, name string, last int64, pause time.Duration, ended map[string]bool) int64 {
	for {
		event, err := stream.next()
		if err != nil {
			return last
		}
		if v.crowd.plan.Deltas < 0 {
			v.saw(kind, event, event.Came)
			continue
		}
		if event.Type != "" { // each event has the place after the one before
			said, err := event.said()
			if err != nil || event.Type == "gone" || event.Type == "problem" || (last != 0 && event.ID != last+1) {
				v.fault("%s: after %d came %d, %s: %s", name, last, event.ID, event.Type, event.Data)
			}
			v.saw(kind, event, said.At)
			if event.Type == "run_ended" {
				v.lock.Lock()
				ended[said.Run] = true
				v.lock.Unlock()
			}
		} else if event.ID < last {
			v.fault("%s: from %d back to %d", name, last, event.ID)
		}
		last = event.ID
		if pause > 0 {
			select {
			case <-v.crowd.over:
			case <-time.After(pause):
			}
		}
	}
}

func (v *Viewing) done() bool {
	select {
	case <-v.ending:
		return true
	default:
		return false
	}
}

// runs watches one run from beginning to end, then the next.
func (v *Viewing) runs() {
	for {
		select {
		case <-v.ending:
			return
		case run := <-v.crowd.book.started:
			v.run(run)
		}
	}
}

// run watches a run: its events are numbered upwards, all that it streams is there, and its end comes last.
func (v *Viewing) run(run string) {
	var watched watched
	for !v.done() {
		stream, err := v.crowd.open("/runs/"+run+"/events", watched.last, false)
		if err != nil || stream == nil {
			v.fault("%s: no end was told: %v", run, err)
			return
		}
		v.came("runs")
		for event, err := stream.next(); err == nil; event, err = stream.next() {
			if event.Type == "" {
				continue
			}
			said, wrong := event.said()
			if wrong == nil {
				wrong = watched.take(event, said)
			}
			v.saw("runs", event, said.At)
			checked := v.crowd.plan.Deltas >= 0
			if wrong != nil && checked {
				v.fault("%s: %v", run, wrong)
			}
			if event.Type == "run_ended" {
				stream.end()
				if checked && watched.deltas+watched.late != v.crowd.plan.Deltas {
					v.fault("%s: %d and %d late of %d pieces", run, watched.deltas, watched.late, v.crowd.plan.Deltas)
				}
				v.lock.Lock()
				v.whole++
				v.late += watched.late
				v.lock.Unlock()
				return
			}
		}
		stream.end()
	}
}

// watched is how far somebody has come with a run.
type watched struct {
	last         int64
	deltas, late int
}

func (w *watched) take(event Event, said Said) error {
	before := w.last
	w.last = event.ID
	switch {
	case event.ID <= before || event.Type == "problem":
		return fmt.Errorf("after %d came %d, %s: %s", before, event.ID, event.Type, event.Data)
	case event.Type == "text_delta":
		w.deltas++
	case event.Type == "gone" && said.Content.Lost == nil: // nobody knows whether anything was: the pieces are counted
	case event.Type == "gone" && w.deltas == 0: // before the first piece that was seen
		w.late += *said.Content.Lost
	case event.Type == "gone":
		return fmt.Errorf("after %d pieces some are gone: %s", w.deltas, event.Data)
	}
	return nil
}
