package cmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keptcrm/kept/bot"
	"github.com/keptcrm/kept/state/promise"
)

// promiseFound is one line of "kept promise find".
type promiseFound struct {
	Line       int     `json:"line"` // counted from 1
	Kind       string  `json:"kind"` // promise, conditional, third_party, none
	DueText    string  `json:"due_text"`
	Due        string  `json:"due"` // RFC 3339 in UTC; the last second of the day where a day was meant
	Confidence float64 `json:"confidence"`
}

// maxPromiseLine bounds, in bytes, how much of one line is read as a sentence.
const maxPromiseLine = 64 << 10

// newPromiseFind is hidden: it shows and measures what is found in text, and changes nothing.
func newPromiseFind(f *factory) *cobra.Command {
	var at string
	var lines bool
	c := &cobra.Command{
		Use:   "find FILE|-",
		Short: "say which sentences of a text are promises",
		Long: "Say which sentences of a text are promises. With --lines every line is one sentence and gives one\n" +
			"answer; else the file is one message, and its promises are given with the line where they begin.\n" +
			"Needs no state and changes nothing.",
		Example: examples("promise find mail.txt --at 2026-11-18", "promise find sentences.txt --lines --output jsonl"),
		Hidden:  true,
		Args:    arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return f.runPromiseFind(args[0], at, lines)
		},
	}
	c.Flags().StringVar(&at, "at", "", "the `TIME` when it was written: 2026-11-18 or 2026-11-18T09:30 (default now)")
	c.Flags().BoolVar(&lines, "lines", false, "one sentence a line")
	return c
}

func (f *factory) runPromiseFind(name, at string, lines bool) error {
	s, err := f.settings()
	if err != nil {
		return err
	}
	loc, err := time.LoadLocation(s.zone)
	if err != nil {
		return invalid("bad_zone", "value", s.zone)
	}
	when := f.o.Now()
	if at != "" {
		if when, err = writtenAt(at, loc); err != nil {
			return err
		}
	}
	in := f.o.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fileProblem(name, err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	l := f.lister(func(item any) bot.Row {
		p := item.(promiseFound)
		return row("", plain(strconv.Itoa(p.Line)), plain(p.Kind), typed(p.DueText), plain(p.Due), dim(strconv.FormatFloat(p.Confidence, 'f', 2, 64)))
	}, 2)
	add := l.add
	var out *bufio.Writer
	if f.flags.output == "jsonl" { // by far the quickest way for many lines
		out = bufio.NewWriter(f.o.Out)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		add = func(item any) error { return enc.Encode(item) }
	}
	reader := promise.Reader{Calendar: s.file.WorkingDays}
	if lines {
		err = eachSentence(reader, in, when, loc, add)
	} else {
		err = eachPromise(reader, in, when, loc, add)
	}
	if out != nil {
		if e := out.Flush(); err == nil {
			err = e
		}
		return readProblem(name, err)
	}
	if err != nil {
		return readProblem(name, err)
	}
	return l.end("–")
}

func readProblem(name string, err error) error {
	if _, ok := errors.AsType[*os.PathError](err); ok {
		return fileProblem(name, err)
	}
	return err
}

// writtenAt reads --at: a day is read at noon, a time without a zone in loc.
func writtenAt(v string, loc *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, v, loc); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation(time.DateOnly, v, loc); err == nil {
		return t.Add(12 * time.Hour), nil
	}
	return time.Time{}, invalid("bad_date", "value", v, "field", "--at", "allowed", "2026-11-18T09:30")
}

// eachSentence answers each line; of a line that is longer than a sentence can be, the beginning is read.
func eachSentence(reader promise.Reader, in io.Reader, at time.Time, loc *time.Location, add func(any) error) error {
	r := bufio.NewReaderSize(in, maxPromiseLine)
	for n := 1; ; n++ {
		line, more, err := r.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text := readable(line, n)
		for more {
			if _, more, err = r.ReadLine(); err != nil {
				break
			}
		}
		if e := add(foundLine(n, reader.Judge(text, at, loc))); e != nil {
			return e
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
}

// readable makes text of bytes, whatever they are: what is no UTF-8 becomes U+FFFD.
func readable(line []byte, n int) string {
	if n == 1 {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	return strings.ToValidUTF8(string(line), "\uFFFD")
}

// maxPromiseMessage bounds, in bytes, what is read as one message.
const maxPromiseMessage = 16 << 20

func eachPromise(reader promise.Reader, in io.Reader, at time.Time, loc *time.Location, add func(any) error) error {
	b, err := io.ReadAll(io.LimitReader(in, maxPromiseMessage))
	if err != nil {
		return err
	}
	text := readable(b, 1)
	line, upTo := 1, 0
	for _, p := range reader.Promises(text, at, loc) {
		line += strings.Count(text[upTo:p.Start], "\n")
		upTo = p.Start
		if err := add(foundLine(line, p)); err != nil {
			return err
		}
	}
	return nil
}

func foundLine(line int, p promise.Found) promiseFound {
	out := promiseFound{Line: line, Kind: string(p.Kind), DueText: p.DueText, Confidence: p.Confidence}
	if !p.Due.At.IsZero() {
		out.Due = p.Due.At.UTC().Format(time.RFC3339)
	}
	return out
}
