// Checks histories with Porcupine. Reads one history per line of JSON, prints a verdict and times.
//
// The models of etcd and of the key-value store are those of Porcupine's own tests.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

type operation struct {
	Client int
	Call   int64
	Return int64 // 0: indefinite
	F      string
	Key    string
	From   int
	To     int
	Text   string
	Ok     bool
}

type history struct {
	Name       string
	Model      string
	Rounds     int
	TimeoutMs  int64
	Operations []operation
}

const null = -1

func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	parts := make(map[string][]porcupine.Operation)
	for _, op := range history {
		key := op.Input.(operation).Key
		parts[key] = append(parts[key], op)
	}
	var all [][]porcupine.Operation
	for _, part := range parts {
		all = append(all, part)
	}
	return all
}

// etcd: a cas that does not match says so; what is unknown has Ok unset and no return.
var etcd = porcupine.Model{
	Init: func() interface{} { return null },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, in := state.(int), input.(operation)
		known := output.(bool)
		switch in.F {
		case "read":
			return !known || st == in.From, st
		case "write":
			return true, in.To
		}
		next := st
		if st == in.From {
			next = in.To
		}
		return !known || in.Ok == (st == in.From), next
	},
	Hash: func(state interface{}) uint64 { return uint64(state.(int)) },
}

// register: as Vortex checks lin-kv. Failed operations and reads of null are left out.
var register = porcupine.Model{
	Partition: byKey,
	Init:      func() interface{} { return null },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, in := state.(int), input.(operation)
		switch in.F {
		case "read":
			return st == in.From, st
		case "write":
			return true, in.To
		}
		if st == in.From {
			return true, in.To
		}
		// An indefinite cas may not happen.
		return !output.(bool), st
	},
	Hash: func(state interface{}) uint64 { return uint64(state.(int)) },
}

var kv = porcupine.Model{
	Partition: byKey,
	Init:      func() interface{} { return "" },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, in := state.(string), input.(operation)
		switch in.F {
		case "get":
			return st == in.Text, st
		case "put":
			return true, in.Text
		}
		return true, st + in.Text
	},
	Hash: func(state interface{}) uint64 {
		h := fnv.New64a()
		h.Write([]byte(state.(string)))
		return h.Sum64()
	},
}

var wholeKv = porcupine.Model{
	Init: func() interface{} { return make(map[string]string) },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, in := state.(map[string]string), input.(operation)
		switch in.F {
		case "get":
			return st[in.Key] == in.Text, st
		case "put":
			next := maps.Clone(st)
			next[in.Key] = in.Text
			return true, next
		}
		next := maps.Clone(st)
		next[in.Key] = next[in.Key] + in.Text
		return true, next
	},
	Equal: func(one, other interface{}) bool {
		return maps.Equal(one.(map[string]string), other.(map[string]string))
	},
	Hash: func(state interface{}) uint64 {
		var h uint64
		for key, value := range state.(map[string]string) {
			kh := fnv.New64a()
			kh.Write([]byte(key))
			kh.Write([]byte(value))
			h ^= kh.Sum64()
		}
		return h
	},
}

var models = map[string]porcupine.Model{
	"etcd": etcd, "register": register, "kv": kv, "whole kv": wholeKv,
}

// Of all threads, so that a search on several cores does not count less.
func processorMs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	decoder := json.NewDecoder(in)
	for decoder.More() {
		var h history
		if err := decoder.Decode(&h); err != nil {
			panic(err)
		}
		var operations []porcupine.Operation
		for _, op := range h.Operations {
			until := op.Return
			if until == 0 {
				until = math.MaxInt64
			}
			operations = append(operations, porcupine.Operation{
				ClientId: op.Client, Input: op, Call: op.Call, Output: op.Return != 0, Return: until,
			})
		}
		var times []float64
		var result porcupine.CheckResult
		for round := 0; round < h.Rounds; round++ {
			began := processorMs()
			timeout := time.Duration(h.TimeoutMs) * time.Millisecond
			result = porcupine.CheckOperationsTimeout(models[h.Model], operations, timeout)
			times = append(times, processorMs()-began)
		}
		slices.Sort(times)
		fmt.Printf("{\"name\":%q,\"result\":%q,\"ms\":%v}\n", h.Name, result, times[len(times)/2])
	}
}
