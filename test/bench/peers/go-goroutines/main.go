// A stand-in for Maelstrom's official Go library, which cannot be downloaded everywhere. It has the
// same structure: encoding/json, raw bodies decoded again where needed, a goroutine per message, a log
// line on stderr per message in and out, a lock and two writes per message out. Unlike the official
// library, it accepts lines longer than 64 kB.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"sync"
)

type envelope struct {
	Src  string          `json:"src"`
	Dest string          `json:"dest"`
	Body json.RawMessage `json:"body"`
}

type header struct {
	Type  string `json:"type"`
	MsgID int    `json:"msg_id"`
}

type node struct {
	id     string
	out    sync.Mutex
	values struct {
		sync.Mutex
		known map[int]struct{}
	}
}

func (n *node) reply(to envelope, fields any) {
	var asked header
	check(json.Unmarshal(to.Body, &asked))
	// Through JSON text, so that in_reply_to can be added to any value.
	text, err := json.Marshal(fields)
	check(err)
	body := map[string]any{}
	check(json.Unmarshal(text, &body))
	body["in_reply_to"] = asked.MsgID
	text, err = json.Marshal(body)
	check(err)
	line, err := json.Marshal(envelope{Src: n.id, Dest: to.Src, Body: text})
	check(err)

	n.out.Lock()
	defer n.out.Unlock()
	log.Printf("Sent %s", line)
	_, err = os.Stdout.Write(line)
	check(err)
	_, err = os.Stdout.Write([]byte{'\n'})
	check(err)
}

func (n *node) handle(kind string, request envelope) {
	switch kind {
	case "echo":
		var body map[string]any
		check(json.Unmarshal(request.Body, &body))
		body["type"] = "echo_ok"
		n.reply(request, body)
	case "broadcast":
		var body struct {
			Message int `json:"message"`
		}
		check(json.Unmarshal(request.Body, &body))
		n.values.Lock()
		n.values.known[body.Message] = struct{}{}
		n.values.Unlock()
		n.reply(request, map[string]any{"type": "broadcast_ok"})
	case "read":
		n.values.Lock()
		all := make([]int, 0, len(n.values.known))
		for value := range n.values.known {
			all = append(all, value)
		}
		n.values.Unlock()
		n.reply(request, map[string]any{"type": "read_ok", "messages": all})
	case "topology":
		n.reply(request, map[string]any{"type": "topology_ok"})
	}
}

func main() {
	n := &node{}
	n.values.known = map[int]struct{}{}
	var running sync.WaitGroup
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<30)
	for lines.Scan() {
		var message envelope
		check(json.Unmarshal(lines.Bytes(), &message))
		var head header
		check(json.Unmarshal(message.Body, &head))
		log.Printf("Received %s", message)
		if head.Type == "init" {
			var body struct {
				NodeID string `json:"node_id"`
			}
			check(json.Unmarshal(message.Body, &body))
			n.id = body.NodeID
			n.reply(message, map[string]any{"type": "init_ok"})
			continue
		}
		running.Add(1)
		go func() {
			defer running.Done()
			n.handle(head.Type, message)
		}()
	}
	running.Wait()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
