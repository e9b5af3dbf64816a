package servers

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// Xandikos is a CardDAV server of one user, alice, that asks for no password: whoever runs it stands
// a proxy before it. Her home is /alice/contacts/, and the address book in it addressbook/.
type Xandikos struct {
	*Process
	URL  string // "http://127.0.0.1:8080/"
	dir  string
	port int
}

// StartXandikos starts a server with an empty address book. Its data stays in dir.
func StartXandikos(ctx context.Context, dir string) (*Xandikos, error) {
	if _, err := Program("xandikos"); err != nil {
		return nil, err
	}
	port, err := Port()
	if err != nil {
		return nil, err
	}
	x := &Xandikos{dir: dir, port: port, URL: fmt.Sprintf("http://127.0.0.1:%d/", port)}
	return x, x.Restart(ctx)
}

// Restart starts the server again, on the same port and data, after Stop or Kill.
func (x *Xandikos) Restart(ctx context.Context) error {
	path, err := Program("xandikos")
	if err != nil {
		return err
	}
	cmd := exec.Command(path, "-d", filepath.Join(x.dir, "data"), "-l", "127.0.0.1", "-p", fmt.Sprint(x.port), "--current-user-principal", "/alice/", "--defaults")
	cmd.Env = append(os.Environ(), "HOME="+x.dir)
	x.Process, err = Run(ctx, cmd, Accepts(x.port))
	return err
}

// AddBook makes another address book of alice.
func (x *Xandikos) AddBook(ctx context.Context, name string) error {
	const body = `<?xml version="1.0" encoding="utf-8"?><D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:set><D:prop>` +
		`<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype></D:prop></D:set></D:mkcol>`
	return send(ctx, "MKCOL", x.URL+"alice/contacts/"+name+"/", "", "", "application/xml; charset=utf-8", []byte(body))
}

// Put stores one card.
func (x *Xandikos) Put(ctx context.Context, book, name string, card []byte) error {
	return send(ctx, http.MethodPut, x.URL+"alice/contacts/"+book+"/"+name, "", "", "text/vcard; charset=utf-8", card)
}
