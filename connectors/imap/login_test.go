package imap

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// What a server says when it does not let us in, and what the mailbox's owner reads.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, says string
		class      connectors.Class
		reads      []string
	}{
		{"imap.gmail.com", "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", connectors.Auth, []string{"Gmail", "app password", "myaccount.google.com > Security", "Invalid credentials"}},
		{"imap.gmail.com", "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)", connectors.Auth, []string{"wants an app password", "2-Step Verification"}},
		{"imap.gmail.com", "NO [WEBALERT https://accounts.google.com/signin/continue?x=1] Web login required.", connectors.Auth, []string{"log in once with a browser", "app password"}},
		{"imap.gmail.com", "NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)", connectors.Auth, []string{"log in once with a browser"}},
		{"imap.gmail.com", "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)", connectors.Forbidden,
			[]string{"IMAP is switched off", "Forwarding and POP/IMAP"}},
		{"imap.gmail.com", "NO [ALERT] Too many simultaneous connections. (Failure)", connectors.RateLimited, []string{"slow down"}},
		{"imap.gmail.com", "NO [OVERQUOTA] Account exceeded command or bandwidth limits.", connectors.RateLimited, []string{"slow down"}},
		{"outlook.office365.com", `NO [AUTHENTICATIONFAILED] LOGIN failed. Error="LogonDenied-BasicAuthBlocked"`, connectors.Auth, []string{"takes no passwords from mail programs any more", "oauth2", "entra.microsoft.com"}},
		{"outlook.office365.com", "NO LOGIN failed.", connectors.Auth, []string{"takes no passwords", "login to oauth2"}},
		{"outlook.office365.com", "BAD User is authenticated but not connected.", connectors.Forbidden, []string{"may not be read by IMAP", "Manage email apps"}},
		{"imap.fastmail.com", "NO [AUTHENTICATIONFAILED] Incorrect username, password or access token", connectors.Auth, []string{"Fastmail", "New app password"}},
		{"imap.mail.me.com", "NO [AUTHENTICATIONFAILED] Authentication Failed", connectors.Auth, []string{"app-specific password", "account.apple.com"}},
		{"imap.qq.com", "NO Login fail. Please using the IMAP authorization code to login. More information at https://service.mail.qq.com/detail/0/75", connectors.Auth, []string{"授权码", "mail.qq.com > 设置"}},
		{"imap.qq.com", "NO Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.", connectors.Auth, []string{"授权码", "开启服务"}},
		{"imap.163.com", "NO LOGIN Login error or password error", connectors.Auth, []string{"授权码", "开启 IMAP/SMTP服务"}},
		{"imap.126.com", "NO LOGIN Login error user not enabled 未开启IMAP", connectors.Forbidden, []string{"switched off", "mail.126.com"}},
		{"imap.example.com", "NO [UNAVAILABLE] Temporary authentication failure.", connectors.Transient, []string{"try again later"}},
		{"imap.example.com", "NO [EXPIRED] That password isn't valid any more.", connectors.Auth, []string{"run out"}},
		{"imap.example.com", "NO [CONTACTADMIN] Account suspended", connectors.Forbidden, []string{"ask who runs"}},
		{"imap.example.com", "NO [PRIVACYREQUIRED] use TLS", connectors.Invalid, []string{"security"}},
		{"imap.example.com", "NO [AUTHENTICATIONFAILED] Authentication failed.", connectors.Auth, []string{"does not accept user and password", "app password"}},
	} {
		con, err := Spec().Open(context.Background(), map[string]string{"host": c.host, "user": "jana@example.org", "password": "hunter22"}, connectors.Env{})
		if err != nil {
			t.Fatal(err)
		}
		own := con.(*connection)
		r, err := newParser(strings.NewReader("k1 " + c.says + "\r\n")).next()
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, own.plain(&loginError{r}), c.class, c.reads...)
	}
}

func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	con, err := Spec().Open(context.Background(), map[string]string{"host": "imap.163.com", "user": "jana@163.com", "password": "hunter22"}, connectors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for says, want := range map[string]connectors.Class{
		"NO SELECT Unsafe Login. Please contact kefu@188.com for help": connectors.Forbidden,
		"NO [NONEXISTENT] Unknown Mailbox":                             connectors.NotFound,
		"NO [NOPERM] no":                                               connectors.Forbidden,
		"NO [THROTTLED] later":                                         connectors.RateLimited,
		"NO [SERVERBUG] Internal error":                                connectors.Transient,
		"BAD what":                                                     connectors.Invalid,
	} {
		r, err := newParser(strings.NewReader("k1 " + says + "\r\n")).next()
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, con.(*connection).plain(&refusal{"EXAMINE", r}), want)
	}
}

// Some servers show no folder to programs that do not say what they are: with ID said, they do, also
// where they do not say that they take it.
func TestServersThatDemandID(t *testing.T) {
	for _, unsaid := range []bool{false, true} {
		t.Run(fmt.Sprint("unsaid ", unsaid), func(t *testing.T) {
			in(t, func(t *testing.T, f *fake) {
				f.caps, f.traps.unsafe, f.traps.unsaidID = coremail, true, unsaid
				if unsaid {
					f.caps = slices.DeleteFunc(slices.Clone(coremail), func(c string) bool { return c == "ID" })
				}
				f.put("INBOX", letter("a@x", "jana@example.org", f.user, "a", "x"), monday)
				changes, _, _ := pulled(t, f.connect(t), "")
				wantShown(t, "with ID", changes, "INBOX a@x")
				f.traps.refuse = map[string]string{"ID": "BAD unknown"}
				wantText(t, f.connect(t).Check(context.Background()), connectors.Forbidden, "unsafe program")
			})
		})
	}
}

func TestWaysToLogIn(t *testing.T) {
	for name, c := range map[string]struct {
		caps   []string
		verbs  []string
		reads  string
		class  connectors.Class
		secret string
	}{
		"PLAIN at once":       {dovecot, []string{"AUTHENTICATE"}, "", "", "pass"},
		"PLAIN when asked":    {[]string{"IMAP4rev1", "AUTH=PLAIN"}, []string{"AUTHENTICATE"}, "", "", "pass"},
		"LOGIN":               {[]string{"IMAP4rev1"}, []string{"LOGIN"}, "", "", `pa"s\s`},
		"LOGIN, in Chinese":   {[]string{"IMAP4rev1"}, []string{"LOGIN"}, "", "", "密码 pass"},
		"LOGIN, literal plus": {[]string{"IMAP4rev1", "LITERAL+"}, []string{"LOGIN"}, "", "", "密码 pass"},
		"no passwords":        {[]string{"IMAP4rev1", "LOGINDISABLED"}, nil, "takes no passwords", connectors.Auth, "sesame"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, f *fake) {
				f.caps, f.password = c.caps, c.secret
				err := f.connect(t).Check(context.Background())
				if c.class != "" {
					wantText(t, err, c.class, c.reads)
				} else if err != nil {
					t.Error(err)
				}
				logins := slices.DeleteFunc(slices.Clone(f.verbs), func(v string) bool { return v != "LOGIN" && v != "AUTHENTICATE" })
				if !slices.Equal(logins, c.verbs) {
					t.Errorf("it logged in by %v", f.verbs)
				}
			})
		})
	}
}

// store keeps tokens.
type store struct {
	mu sync.Mutex
	m  map[string]string
}

func (s *store) Get(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[name], nil
}

func (s *store) Put(_ context.Context, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[name] = value
	return nil
}

// tokens plays a provider that gives tokens and rotates the refresh token with each.
type tokens struct {
	mu      sync.Mutex
	refresh string
	given   int
	onGive  func(access string)
}

func (p *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, err
	}
	status, answer := 400, map[string]any{"error": "invalid_grant"}
	if form.Get("refresh_token") == p.refresh && form.Get("client_id") == "app" {
		p.given++
		p.refresh = fmt.Sprintf("refresh-token-%d", p.given)
		access := fmt.Sprintf("access-token-%d", p.given)
		p.onGive(access)
		status, answer = 200, map[string]any{"access_token": access, "refresh_token": p.refresh, "expires_in": 3600}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: req, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// Tokens are renewed when they ran out, rotated ones kept, and one that is withdrawn is said to be so.
func TestTokens(t *testing.T) {
	for _, mechanism := range []string{"AUTH=OAUTHBEARER", "AUTH=XOAUTH2"} {
		for _, ir := range []string{"SASL-IR", "IDLE"} {
			t.Run(mechanism+" "+ir, func(t *testing.T) {
				in(t, func(t *testing.T, f *fake) {
					f.caps = []string{"IMAP4rev1", mechanism, ir}
					kept := &store{m: map[string]string{}}
					p := &tokens{refresh: "refresh-token-0", onGive: func(access string) { f.token = access }}
					open := func() *connection {
						o := loopback(f)
						o["login"], o["client_id"], o["refresh_token"], o["token_url"] = "oauth2", "app", "refresh-token-0", "https://tokens.example.org/token"
						c, err := Spec().Open(context.Background(), o, connectors.Env{Dial: f.Dial, HTTP: p, Store: kept})
						if err != nil {
							t.Fatal(err)
						}
						t.Cleanup(func() { _ = c.(*connection).Close() }) // it says nothing that matters
						return c.(*connection)
					}
					for range 2 { // the second one uses what was kept
						if err := open().Check(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
					if p.given != 1 {
						t.Errorf("%d tokens for one", p.given)
					}
					f.token = "withdrawn early" // the server has forgotten it before its time
					if err := open().Check(context.Background()); err != nil {
						t.Errorf("past a token that ran out: %v", err)
					}
					if p.given != 2 || !strings.Contains(kept.m["oauth2"], "refresh-token-2") {
						t.Errorf("%d tokens given; kept: %v", p.given, kept.m)
					}
					f.token = "another mailbox's"
					p.onGive = func(string) {}
					wantText(t, open().Check(context.Background()), connectors.Auth, "does not accept the token")
					f.token, p.refresh = "none", "withdrawn"
					wantText(t, open().Check(context.Background()), connectors.Auth, "does not accept the token")
					kept.m = map[string]string{}
					wantText(t, open().Check(context.Background()), connectors.Auth, "withdrawn our access")
				})
			})
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]map[string]string{
		"the option host":                     {"host": ""},
		"user is missing":                     {"user": ""},
		"line break":                          {"password": "a\nb"},
		"is for servers on this machine":      {"security": "none"},
		"is tls, starttls or none":            {"security": "ssl"},
		"is no port":                          {"port": "imap"},
		"SHA-256":                             {"fingerprint": "ab:cd"},
		"password is missing":                 {"password": ""},
		"is password or oauth2":               {"login": "kerberos"},
		"the option client_id is needed":      {"login": "oauth2"},
		"the address is none of a web server": {"login": "oauth2", "client_id": "a", "refresh_token": "b", "token_url": "tokens"},
	} {
		o := map[string]string{"host": "imap.example.com", "user": "jana@example.org", "password": "hunter22"}
		for k, v := range change {
			o[k] = v
		}
		_, err := Spec().Open(context.Background(), o, connectors.Env{})
		var e *connectors.Error
		if !errors.As(err, &e) || !strings.Contains(e.Text, want) {
			t.Errorf("%v: %v, want %q", change, err, want)
		}
	}
}

// certificate makes one that signs itself.
func certificate(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TLS that nobody vouches for, that is another's, that is not there: each has its words, and the
// password stays here.
func TestEncryption(t *testing.T) {
	t.Parallel()
	// In real time: locks within TLS stand still where time is virtual.
	f := newFake()
	t.Cleanup(f.Close)
	cert := certificate(t, "mail.example.com")
	print := mailserver.Fingerprint(cert.Certificate[0])
	secure := func(ctx context.Context, network, address string) (net.Conn, error) {
		client, server := net.Pipe()
		f.serve(tls.Server(server, &tls.Config{Certificates: []tls.Certificate{cert}}))
		return client, nil
	}
	check := func(dial func(context.Context, string, string) (net.Conn, error), options ...string) error {
		o := map[string]string{"host": "mail.example.com", "user": f.user, "password": f.password}
		for i := 0; i+1 < len(options); i += 2 {
			o[options[i]] = options[i+1]
		}
		c, err := Spec().Open(context.Background(), o, connectors.Env{Dial: dial, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		if err != nil {
			t.Fatal(err)
		}
		defer c.(*connection).Close()
		return c.Check(context.Background())
	}
	if err := check(secure, "fingerprint", strings.ToUpper(print)); err != nil {
		t.Errorf("with the right fingerprint: %v", err)
	}
	wantText(t, check(secure), connectors.Invalid, "does not trust", "set fingerprint to "+print)
	wantText(t, check(secure, "fingerprint", strings.Repeat("ab", 32)), connectors.Invalid, "is not the one that the option fingerprint names", print)
	wantText(t, check(f.Dial), connectors.Invalid, "speaks no TLS at this port", "starttls")
	wantText(t, check(f.Dial, "security", "starttls"), connectors.Invalid, "offers no encryption at this port")
	wantText(t, check(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}), connectors.Transient, "nothing answers at mail.example.com:993")
	wantText(t, check(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{IsNotFound: true, Name: "mail.example.com"}
	}), connectors.Transient, "there is no mail.example.com")
	f.traps.greeting = "* BYE [ALERT] Too many connections"
	wantText(t, check(secure, "fingerprint", print), connectors.RateLimited, "slow down")
	if f.count("LOGIN") > 0 || f.count("AUTHENTICATE") > 1 {
		t.Errorf("the password went out: %v", f.verbs)
	}
}

// Somebody between who answers STARTTLS in the server's name gets nothing.
func TestWordsBeforeTLS(t *testing.T) {
	in(t, func(t *testing.T, f *fake) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			f.served.Go(func() {
				defer server.Close()
				if _, err := io.WriteString(server, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"); err != nil {
					return
				}
				b := make([]byte, 1000)
				if _, err := server.Read(b); err != nil {
					return
				}
				_, _ = io.WriteString(server, "k1 OK go on\r\nk2 OK [CAPABILITY IMAP4rev1] you are in\r\n") // it is left at once
			})
			return client, nil
		}
		c, err := Spec().Open(context.Background(), map[string]string{"host": "mail.example.com", "user": "u", "password": "hunter22", "security": "starttls"}, connectors.Env{Dial: dial})
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, c.Check(context.Background()), connectors.Invalid, "interferes with its encryption")
	})
}
