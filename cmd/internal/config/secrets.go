package config

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/keptcrm/kept/state"
)

// Secrets reads what references to secrets stand for, when somebody needs it and not before:
//
//	env:NAME       a variable of the environment
//	file:PATH      a file's content; a relative path begins at kept.yaml's folder, ~ is the home
//	command:WORDS  what a command prints: "command:pass show shop". No shell reads it; quotes hold
//	               words together
//
// The end of the last line is cut. What a secret is never stands in an error.
type Secrets struct {
	Folder string                // of kept.yaml
	Env    Env                   // of this process
	Open   func(path string)     // told of a file that others may read too, once for each; may be nil
	once   map[string]bool       // paths that Open was told of
	mu     sync.Mutex            // over once
	run    func(*exec.Cmd) error // in place of running a command, for tests
}

const (
	secretBytes    = 64 << 10
	secretPatience = 30 * time.Second
)

// IsReference says whether a value is a reference to a secret.
func IsReference(v string) bool {
	kind, rest, ok := strings.Cut(v, ":")
	return ok && strings.TrimSpace(rest) != "" && (kind == "env" || kind == "file" || kind == "command")
}

// Resolve reads a secret. The error is [state.Auth] with one of the codes secret_env, secret_file,
// secret_command, secret_empty, secret_large and secret_literal, each with the reference as argument
// except of the last.
func (s *Secrets) Resolve(ctx context.Context, reference string) (string, error) {
	kind, rest, _ := strings.Cut(reference, ":")
	rest = strings.TrimSpace(rest)
	if !IsReference(reference) {
		return "", &state.Error{Class: state.Auth, Code: "secret_literal"}
	}
	var b []byte
	var err error
	switch kind {
	case "env":
		v := s.Env(rest)
		if v == "" {
			return "", secretFault("secret_env", reference, "", nil)
		}
		b = []byte(v)
	case "file":
		b, err = s.file(reference, rest)
	case "command":
		b, err = s.command(ctx, reference, rest)
	}
	if err != nil {
		return "", err
	}
	if len(b) > secretBytes {
		return "", secretFault("secret_large", reference, "", nil)
	}
	v := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if v == "" {
		return "", secretFault("secret_empty", reference, "", nil)
	}
	return v, nil
}

func secretFault(code, reference, reason string, cause error) error {
	return &state.Error{Class: state.Auth, Code: code, Args: state.Args{"reference": reference, "reason": reason}, Cause: cause}
}

// Path is where a reference to a file points.
func (s *Secrets) Path(reference string) (string, bool) {
	path, ok := strings.CutPrefix(reference, "file:")
	if !ok {
		return "", false
	}
	path = strings.TrimSpace(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(home(s.Env), rest), true
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Folder, path)
	}
	return path, true
}

func (s *Secrets) file(reference, _ string) ([]byte, error) {
	path, _ := s.Path(reference)
	f, err := os.Open(path)
	if err != nil {
		reason := "unreadable"
		if errors.Is(err, fs.ErrNotExist) {
			reason = "missing"
		}
		return nil, secretFault("secret_file", reference, reason, err)
	}
	defer func() { _ = f.Close() }() // it was read from only
	if info, err := f.Stat(); err == nil {
		if info.IsDir() {
			return nil, secretFault("secret_file", reference, "folder", nil)
		}
		if OthersRead(info) {
			s.tell(path)
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, secretBytes+1))
	if err != nil {
		return nil, secretFault("secret_file", reference, "unreadable", err)
	}
	return b, nil
}

// OthersRead says whether a file is open to others than its owner, where the system knows rights.
func OthersRead(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/'
}

func (s *Secrets) tell(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.once[path] || s.Open == nil {
		return
	}
	if s.once == nil {
		s.once = map[string]bool{}
	}
	s.once[path] = true
	s.Open(path)
}

func (s *Secrets) command(ctx context.Context, reference, line string) ([]byte, error) {
	words, ok := Words(line)
	if !ok || len(words) == 0 {
		return nil, secretFault("secret_command", reference, "quote", nil)
	}
	limited, cancel := context.WithTimeout(ctx, secretPatience)
	defer cancel()
	c := exec.CommandContext(limited, words[0], words[1:]...)
	c.Dir = s.Folder
	c.WaitDelay = time.Second // what it started may hold its output open
	out := &bounded{limit: secretBytes + 1}
	c.Stdout = out
	run := s.run
	if run == nil {
		run = (*exec.Cmd).Run
	}
	err := run(c)
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, state.AsError(ctx.Err())
	case limited.Err() != nil:
		return nil, secretFault("secret_command", reference, "slow", nil)
	case errors.As(err, &ended):
		return nil, secretFault("secret_command", reference, "failed", nil)
	case err != nil:
		return nil, secretFault("secret_command", reference, "missing", nil)
	}
	return out.Bytes(), nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// Words splits a command line at its spaces. '…' and "…" hold words together; a backslash within
// "…" or outside of quotes takes the next character as it is. ok is false where a quote is open.
func Words(line string) (words []string, ok bool) {
	var word strings.Builder
	var quote rune
	any, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, any = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, any = r, true
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if any {
		words = append(words, word.String())
	}
	return words, quote == 0 && !escaped
}
