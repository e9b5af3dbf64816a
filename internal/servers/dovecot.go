package servers

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Dovecot is a mail server: IMAP with and without TLS, delivery by LMTP, submission. Every name is a
// user of it, with one password; mailboxes begin empty.
type Dovecot struct {
	*Process
	Password    string
	IMAP        int    // port; STARTTLS is offered, and not demanded
	IMAPS       int    // port
	Submission  int    // port; what is submitted goes on to Relay
	Relay       int    // port on which a test may listen for what is submitted (SMTP); nobody does by itself
	LMTP        int    // port
	Fingerprint string // the SHA-256 of its certificate, which it signed itself for localhost
	dir         string
	program     string
	owner       owner
	introspect  *http.Server

	mu     sync.Mutex
	tokens map[string]string // users by access token
}

// DovecotPassword is the password of all users.
const DovecotPassword = "sesame-hunter22"

// StartDovecot starts a mail server in a folder. The folder keeps the mail.
func StartDovecot(ctx context.Context, dir string) (*Dovecot, error) {
	program, err := Program("dovecot")
	if err != nil {
		return nil, err
	}
	for _, part := range []string{"imap", "lmtp", "submission"} {
		if _, err := os.Stat(filepath.Join("/usr/lib/dovecot", part)); err != nil {
			return nil, fmt.Errorf("dovecot's %s %w", part, ErrAbsent)
		}
	}
	d := &Dovecot{Password: DovecotPassword, dir: dir, program: program, tokens: map[string]string{}}
	if d.owner, err = ownerOf(dir); err != nil {
		return nil, err
	}
	for _, port := range []*int{&d.IMAP, &d.IMAPS, &d.Submission, &d.Relay, &d.LMTP} {
		if *port, err = Port(); err != nil {
			return nil, err
		}
	}
	if err := d.certificate(); err != nil {
		return nil, err
	}
	endpoint, err := d.listen()
	if err != nil {
		return nil, err
	}
	if err := d.configure(endpoint); err != nil {
		return nil, err
	}
	if err := d.Start(ctx); err != nil {
		_ = d.introspect.Close() // the first error tells what is wrong
		return nil, err
	}
	return d, nil
}

// Start starts the server again, on the same ports and with the same mail, after Stop or Kill.
func (d *Dovecot) Start(ctx context.Context) error {
	if err := os.RemoveAll(filepath.Join(d.dir, "run")); err != nil { // what a killed server left behind
		return err
	}
	cmd := exec.Command(d.program, "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	d.owner.runs(cmd)
	var err error
	d.Process, err = Run(ctx, cmd, d.greets)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(d.dir, "dovecot.log")) // it may have come to nothing
		return fmt.Errorf("%w\n%s", err, log)
	}
	return nil
}

// Stop ends the server and all that belongs to it.
func (d *Dovecot) Stop() error {
	_ = d.introspect.Close() // nobody asks any more
	return d.Process.Stop()
}

// Token makes an access token of a user; Withdraw takes it back.
func (d *Dovecot) Token(user, token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens[token] = user
}

// Withdraw makes a token invalid.
func (d *Dovecot) Withdraw(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tokens, token)
}

// Renumber makes the server give all messages of a user's inbox other numbers (UIDVALIDITY), as one
// does that lost its index.
func (d *Dovecot) Renumber(user string) error {
	files, err := filepath.Glob(filepath.Join(d.dir, "mail", user, "Maildir", "dovecot*"))
	for _, f := range files {
		if err == nil {
			err = os.Remove(f)
		}
	}
	return err
}

// greets is ready once the server says hello.
func (d *Dovecot) greets(ctx context.Context) error {
	dial := net.Dialer{Timeout: time.Second}
	c, err := dial.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.IMAP))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "* OK") {
		err = fmt.Errorf("it says %q", line)
	}
	return err
}

func (d *Dovecot) write(name, text string) error {
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return d.owner.owns(path)
}

func (d *Dovecot) certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(der)
	d.Fingerprint = hex.EncodeToString(sum[:])
	if err := d.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))); err != nil {
		return err
	}
	return d.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// listen plays the token endpoint that the server asks whose a token is (RFC 7662).
func (d *Dovecot) listen() (endpoint string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	d.introspect = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		user := d.tokens[r.FormValue("token")]
		d.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"active": user != ""}
		if user != "" {
			answer["username"] = user
		}
		_ = json.NewEncoder(w).Encode(answer) // the server tells that it got no answer
	})}
	go func() { _ = d.introspect.Serve(l) }() // it ends with Close
	return "http://" + l.Addr().String() + "/introspect", nil
}

func (d *Dovecot) configure(endpoint string) error {
	if err := d.write("oauth2.conf", "introspection_mode = post\nintrospection_url = "+endpoint+"\nactive_attribute = active\nactive_value = true\nusername_attribute = username\n"); err != nil {
		return err
	}
	return d.write("dovecot.conf", strings.NewReplacer("$D", d.dir, "$USER", d.owner.user, "$GROUP", d.owner.group, "$PASSWORD", d.Password,
		"$IMAPS", fmt.Sprint(d.IMAPS), "$IMAP", fmt.Sprint(d.IMAP), "$SUBMISSION", fmt.Sprint(d.Submission), "$LMTP", fmt.Sprint(d.LMTP), "$RELAY", fmt.Sprint(d.Relay)).Replace(dovecotConf))
}

// dovecotConf is what a server needs that runs as nobody in particular: no chroot, one user for all,
// no pause after a wrong password.
const dovecotConf = `base_dir = $D/run
state_dir = $D/state
log_path = $D/dovecot.log
instance_name = t$IMAP
protocols = imap submission lmtp
listen = 127.0.0.1
default_internal_user = $USER
default_internal_group = $GROUP
default_login_user = $USER
ssl = yes
ssl_cert = <$D/cert.pem
ssl_key = <$D/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login oauthbearer xoauth2
auth_failure_delay = 0
mail_location = maildir:$D/mail/%u/Maildir
mail_fsync = never
mail_max_userip_connections = 100
first_valid_uid = 1
hostname = mail.example.org
submission_relay_host = 127.0.0.1
submission_relay_port = $RELAY
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = $D/oauth2.conf
}
passdb {
  driver = static
  args = password=$PASSWORD
}
userdb {
  driver = static
  args = uid=$USER gid=$GROUP home=$D/mail/%u allow_all_users=yes
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $IMAP
  }
  inet_listener imaps {
    port = $IMAPS
    ssl = yes
  }
}
service submission-login {
  chroot =
  inet_listener submission {
    port = $SUBMISSION
  }
}
service lmtp {
  chroot =
  inet_listener lmtp {
    port = $LMTP
  }
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
}
`

// Deliver lays a message into a user's inbox as another mail server does (LMTP, RFC 2033).
func (d *Dovecot) Deliver(ctx context.Context, from, user, raw string) error {
	dial := net.Dialer{Timeout: 10 * time.Second}
	c, err := dial.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.LMTP))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	r := bufio.NewReader(c)
	expect := func(code string) error {
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if !strings.HasPrefix(line, code) {
				return fmt.Errorf("lmtp: %s", strings.TrimSpace(line))
			}
			if len(line) < 4 || line[3] != '-' {
				return nil
			}
		}
	}
	if err := expect("220"); err != nil {
		return err
	}
	body := strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
	body = strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")[2:]
	for _, step := range [][2]string{{"LHLO test", "250"}, {"MAIL FROM:<" + from + ">", "250"}, {"RCPT TO:<" + user + ">", "250"}, {"DATA", "354"}, {body + "\r\n.", "250"}} {
		if _, err := fmt.Fprintf(c, "%s\r\n", step[0]); err != nil {
			return err
		}
		if err := expect(step[1]); err != nil {
			return err
		}
	}
	return nil
}

// Append lays a message into a folder of a user, as a mail program does, and makes the folder where it
// is not there; at is when the server says that it came. Flags are those of IMAP: `\Seen`.
func (d *Dovecot) Append(ctx context.Context, user, folder, raw string, at time.Time, flags ...string) error {
	dial := net.Dialer{Timeout: 10 * time.Second}
	c, err := dial.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.IMAP))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	r := bufio.NewReader(c)
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	command := func(text string) (string, error) {
		if _, err := fmt.Fprintf(c, "t %s\r\n", text); err != nil {
			return "", err
		}
		for {
			line, err := r.ReadString('\n')
			if err != nil || strings.HasPrefix(line, "t ") {
				return strings.TrimSpace(strings.TrimPrefix(line, "t ")), err
			}
		}
	}
	body := strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\n", "\r\n")
	add := fmt.Sprintf("APPEND %q (%s) %q {%d+}\r\n%s", folder, strings.Join(flags, " "), at.UTC().Format("02-Jan-2006 15:04:05 -0700"), len(body), body)
	for _, step := range []string{fmt.Sprintf("LOGIN %q %q", user, d.Password), add, "LOGOUT"} {
		answer, err := command(step)
		if err == nil && strings.HasPrefix(answer, "NO [TRYCREATE]") {
			if answer, err = command(fmt.Sprintf("CREATE %q", folder)); err == nil && strings.HasPrefix(answer, "OK") {
				answer, err = command(step)
			}
		}
		if err != nil {
			return err
		}
		if !strings.HasPrefix(answer, "OK") {
			return fmt.Errorf("imap: %s", answer)
		}
	}
	return nil
}
