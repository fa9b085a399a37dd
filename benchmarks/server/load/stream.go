package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is one server-sent event.
type Event struct {
	ID   int64 // 0 where it has none
	Type string
	Data string
	Came time.Time
}

// Said is what of the data is looked at.
type Said struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Content struct {
		Lost *int `json:"lost"`
	} `json:"content"`
}

// Stream is a connection over which events come.
type Stream struct {
	reader *bufio.Reader
	end    func()
}

// open asks for a stream from the event after `last` on; nil without an error where there is nothing more.
func (c *Crowd) open(path string, last int64, small bool) (*Stream, error) {
	context, cancel := context.WithCancel(context.Background())
	asked, err := http.NewRequestWithContext(context, http.MethodGet, c.plan.URL+path, nil)
	if err != nil {
		panic(err)
	}
	asked.Header.Set("Authorization", "Bearer "+c.plan.Token)
	asked.Header.Set("Accept", "text/event-stream")
	if last > 0 {
		asked.Header.Set("Last-Event-ID", strconv.FormatInt(last, 10))
	}
	client, size := c.client, 32*1024
	if small { // what is not read is to stay with the server, not with the system
		client, size = &http.Client{Transport: &http.Transport{DialContext: smallBuffers}}, 4*1024
	}
	answer, err := client.Do(asked)
	if err != nil {
		cancel()
		return nil, err
	}
	end := func() { cancel(); answer.Body.Close() }
	if answer.StatusCode == http.StatusNoContent {
		end()
		return nil, nil
	}
	if answer.StatusCode != http.StatusOK {
		end()
		return nil, fmt.Errorf("%s was answered with %d", path, answer.StatusCode)
	}
	return &Stream{bufio.NewReaderSize(answer.Body, size), end}, nil
}

func smallBuffers(ctx context.Context, network, address string) (net.Conn, error) {
	found, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		err = found.(*net.TCPConn).SetReadBuffer(4 * 1024)
	}
	return found, err
}

// next gives the next event; one without a type is a sign of life, which may have a place.
func (s *Stream) next() (Event, error) {
	var found Event
	for {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			return found, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			if found.ID, err = strconv.ParseInt(value, 10, 64); err != nil {
				return found, err
			}
		case "event":
			found.Type = value
		case "data":
			found.Data = value
		case "":
			if line == "\n" && (found.ID != 0 || found.Type != "") {
				found.Came = time.Now()
				return found, nil
			}
		}
	}
}

// said reads the data of an event.
func (e Event) said() (Said, error) {
	var found Said
	err := json.Unmarshal([]byte(e.Data), &found)
	return found, err
}
