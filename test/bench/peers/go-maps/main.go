// A minimal Go node that accepts arbitrary bodies: encoding/json into maps, one goroutine, output
// buffered until no more input is pending.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
)

type message struct {
	Src  string         `json:"src"`
	Dest string         `json:"dest"`
	Body map[string]any `json:"body"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 64<<10)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	encoder := json.NewEncoder(out)
	id := ""
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
		var request message
		check(json.Unmarshal(line, &request))
		reply := map[string]any{"in_reply_to": request.Body["msg_id"]}
		switch request.Body["type"] {
		case "init":
			id = request.Body["node_id"].(string)
			reply["type"] = "init_ok"
		case "echo":
			reply["type"] = "echo_ok"
			reply["echo"] = request.Body["echo"]
		}
		check(encoder.Encode(message{Src: id, Dest: request.Src, Body: reply}))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
