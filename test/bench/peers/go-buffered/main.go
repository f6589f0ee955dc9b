// A minimal Go node: encoding/json into one struct, one goroutine, output buffered until no more
// input is pending.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
)

type request struct {
	Src  string `json:"src"`
	Body struct {
		Type    string          `json:"type"`
		MsgID   int             `json:"msg_id"`
		NodeID  string          `json:"node_id"`
		Echo    json.RawMessage `json:"echo"`
		Message int             `json:"message"`
	} `json:"body"`
}

type body struct {
	Type      string          `json:"type"`
	InReplyTo int             `json:"in_reply_to"`
	Echo      json.RawMessage `json:"echo,omitempty"`
	Messages  []int           `json:"messages,omitempty"`
}

type reply struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 64<<10)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	encoder := json.NewEncoder(out)
	id := ""
	known := map[int]struct{}{}
	for {
		if in.Buffered() == 0 {
			check(out.Flush())
		}
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			check(out.Flush())
			return
		}
		check(err)
		var asked request
		check(json.Unmarshal(line, &asked))
		answer := body{Type: asked.Body.Type + "_ok", InReplyTo: asked.Body.MsgID}
		switch asked.Body.Type {
		case "init":
			id = asked.Body.NodeID
		case "echo":
			answer.Echo = asked.Body.Echo
		case "broadcast":
			known[asked.Body.Message] = struct{}{}
		case "read":
			for value := range known {
				answer.Messages = append(answer.Messages, value)
			}
		}
		check(encoder.Encode(reply{Src: id, Dest: asked.Src, Body: answer}))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
