package imap

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/internal/servers"
)

// idProxy stands before a server and, as 163.com and 126.com do, opens no folder before the client said
// who it is (RFC 2971). deaf keeps an ID command from it, so that the refusal itself is seen.
type idProxy struct {
	addr    string
	deaf    bool
	refused atomic.Int64
	ids     atomic.Int64
}

func newIDProxy(t *testing.T, d *servers.Dovecot, deaf bool) *idProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &idProxy{addr: l.Addr().String(), deaf: deaf}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go p.serve(client, fmt.Sprintf("127.0.0.1:%d", d.IMAP))
		}
	}()
	return p
}

func (p *idProxy) serve(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = up.Close() }()
	go func() { _, _ = io.Copy(client, up); _ = client.Close() }()
	known := false
	for r := bufio.NewReader(client); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(line, " ")
		command, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(rest)), " ")
		switch command {
		case "ID":
			p.ids.Add(1)
			known = !p.deaf
		case "SELECT", "EXAMINE":
			if !known {
				p.refused.Add(1)
				if _, err := io.WriteString(client, tag+" NO "+command+" Unsafe Login. Please contact kefu@188.com for help\r\n"); err != nil {
					return
				}
				continue
			}
		}
		if _, err := io.WriteString(up, line); err != nil {
			return
		}
	}
}

// dovecotBehindID reads a real server's mail through a proxy that demands ID as NetEase's servers do.
func dovecotBehindID(t *testing.T, d *servers.Dovecot) {
	user := newUser()
	if err := d.Append(t.Context(), user, "INBOX", letter("id1@x", "李伟 <liwei@example.cn>", user, "样品", "下周三前"), time.Now()); err != nil {
		t.Fatal(err)
	}
	read := func(p *idProxy) (connectors.Page, error) {
		o := dovecotOptions(d, user)
		env := connectors.Env{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, p.addr)
		}}
		return at(t, o, env).Pull(t.Context(), connectors.MessageKind, "")
	}
	p := newIDProxy(t, d, false)
	page, err := read(p)
	if err != nil || len(page.Changes) != 1 || p.ids.Load() == 0 || p.refused.Load() != 0 {
		t.Fatalf("%v; %d messages, %d times ID, %d folders refused", err, len(page.Changes), p.ids.Load(), p.refused.Load())
	}
	// A provider that is not content with who we are is told as what it is, not as an empty mailbox.
	if page, err = read(newIDProxy(t, d, true)); err == nil || len(page.Changes) != 0 {
		t.Fatalf("refused: %v, %+v", err, page)
	} else if !strings.Contains(err.Error(), "163") && !strings.Contains(err.Error(), "Unsafe Login") {
		t.Errorf("the refusal reads %q", err)
	}
}
