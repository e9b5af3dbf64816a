package smtp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/mailserver"
)

// certificate makes one that nobody vouches for, with its fingerprint.
func certificate(tb testing.TB, host string) (*tls.Config, string) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, mailserver.Fingerprint(der)
}

// at opens a connection to a fake on a virtual clock.
func at(tb testing.TB, f *fake, options map[string]string, change ...func(*connectors.Env)) *connection {
	tb.Helper()
	o := loopback(f)
	o["password"] = f.password
	maps.Copy(o, options)
	for name, v := range o {
		if v == "-" {
			delete(o, name)
		}
	}
	env := connectors.Env{Dial: f.Dial}
	for _, x := range change {
		x(&env)
	}
	c, err := Spec().Open(context.Background(), o, env)
	if err != nil {
		tb.Fatal(err)
	}
	own := c.(*connection)
	tb.Cleanup(func() {
		_ = own.Close() // it says nothing that matters
		f.Close()
	})
	return own
}

func send(c *connection, id string, m connectors.Message) error {
	_, err := c.Send(context.Background(), connectors.Intent{ID: id}, m)
	return err
}

// wants holds that an error has a class and these words.
func wants(tb testing.TB, err error, class connectors.Class, words ...string) {
	tb.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e.Class != class {
		tb.Fatalf("the error is %v, %q; it should be %q", err, connectors.ClassOf(err), class)
	}
	for _, w := range words {
		if !strings.Contains(e.Text, w) {
			tb.Errorf("%q does not say %q", e.Text, w)
		}
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	type way struct {
		change  func(f *fake)
		options func(print string) map[string]string
		class   connectors.Class // "": it works
		words   []string
	}
	named := func(security string) func(string) map[string]string {
		return func(print string) map[string]string {
			return map[string]string{"host": "mail.nordlicht.example", "security": security, "fingerprint": print}
		}
	}
	for name, w := range map[string]way{
		"starttls":    {func(*fake) {}, named("starttls"), "", nil},
		"tls":         {func(f *fake) { f.traps.implicit = true }, named("tls"), "", nil},
		"own name":    {func(f *fake) { f.traps.strictName = true }, named("starttls"), "", nil},
		"no STARTTLS": {func(f *fake) { f.tls = nil }, named("starttls"), connectors.Invalid, []string{"offers no encryption", "port 465"}},
		"HELO alone":  {func(f *fake) { f.traps.noEHLO = true }, named("starttls"), connectors.Invalid, []string{"offers no encryption"}},
		"refused": {func(f *fake) {
			f.traps.refuse = map[string][]string{"STARTTLS": {"454 4.7.0 TLS not available", "454 4.7.0 TLS not available"}}
		}, named("starttls"), connectors.Transient, []string{"cannot"}},
		"not trusted":  {func(*fake) {}, func(string) map[string]string { return named("starttls")("-") }, connectors.Invalid, []string{"does not trust", "set fingerprint to"}},
		"another one":  {func(*fake) {}, func(string) map[string]string { return named("starttls")(strings.Repeat("ab", 32)) }, connectors.Invalid, []string{"not the one that the option fingerprint names"}},
		"no TLS there": {func(*fake) {}, named("tls"), connectors.Invalid, []string{"speaks no TLS", "starttls"}},
		"injected":     {func(f *fake) { f.traps.inject = true }, named("starttls"), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				config, print := certificate(t, "mail.nordlicht.example")
				f.tls = config
				w.change(f)
				c := at(t, f, w.options(print))
				err := c.Check(context.Background())
				if w.class != "" {
					wants(t, err, w.class, w.words...)
					// A way that is wrong loses no mail: it can be mended.
					wants(t, send(c, "1", messageOf(1)), connectors.Transient)
					if f.count("AUTH")+f.count("MAIL") > 0 {
						t.Errorf("something was said without encryption: %v", f.verbs)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := send(c, "1", messageOf(1)); err != nil || len(f.mails()) != 1 {
					t.Errorf("%d mails arrived, %v", len(f.mails()), err)
				}
			})
		})
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]struct {
		change  func(f *fake)
		options map[string]string
		class   connectors.Class
		words   []string
	}{
		"PLAIN":             {func(f *fake) { f.mechanisms = "PLAIN" }, nil, "", nil},
		"LOGIN alone":       {func(f *fake) { f.mechanisms = "LOGIN" }, nil, "", nil},
		"XOAUTH2":           {func(f *fake) { f.mechanisms = "XOAUTH2" }, map[string]string{"login": "oauth2", "token": "ya29.good"}, "", nil},
		"OAUTHBEARER alone": {func(f *fake) { f.mechanisms = "OAUTHBEARER" }, map[string]string{"login": "oauth2", "token": "ya29.good"}, "", nil},
		"no login":          {func(f *fake) { f.mechanisms = "" }, map[string]string{"user": "-", "password": "-", "from": "a@nordlicht.example"}, "", nil},
		"wrong password":    {func(f *fake) { f.password = "other" }, map[string]string{"password": "sesame"}, connectors.Auth, []string{"does not accept user and password"}},
		"Gmail's":           {func(*fake) {}, map[string]string{"password": "nonsense"}, connectors.Auth, []string{"Username and Password not accepted"}},
		"wrong token":       {func(*fake) {}, map[string]string{"login": "oauth2", "token": "ya29.bad"}, connectors.Auth, []string{"does not accept the token"}},
		"wrong token, RFC":  {func(f *fake) { f.mechanisms = "OAUTHBEARER" }, map[string]string{"login": "oauth2", "token": "ya29.bad"}, connectors.Auth, []string{"does not accept the token"}},
		"tokens alone":      {func(f *fake) { f.mechanisms = "XOAUTH2" }, nil, connectors.Auth, []string{"takes no passwords"}},
		"no tokens":         {func(f *fake) { f.mechanisms = "PLAIN" }, map[string]string{"login": "oauth2", "token": "ya29.good"}, connectors.Auth, []string{"set login to password"}},
		"port 25":           {func(f *fake) { f.mechanisms = "" }, nil, connectors.Invalid, []string{"takes no login", "587"}},
		"app password": {refusing("AUTH", "534-5.7.9 Application-specific password required. For more information, go to\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor"), nil,
			connectors.Auth, []string{"wants an app password"}},
		"browser first": {refusing("AUTH", "534-5.7.14 <https://accounts.google.com/signin/continue> Please log in via\n534 5.7.14 your web browser and then try again."), nil, connectors.Auth, []string{"log in once with a browser"}},
		"switched off": {refusing("AUTH", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."), nil,
			connectors.Forbidden, []string{"switched off"}},
		"163 off":         {refusing("AUTH", "550 User has no permission"), nil, connectors.Forbidden, []string{"switched off"}},
		"too many logins": {refusing("AUTH", "454 4.7.0 Too many login attempts, please try again later."), nil, connectors.RateLimited, nil},
		"QQ is busy":      {refusing("AUTH", "535 Error: authentication failed, system busy"), nil, connectors.Transient, []string{"at the moment"}},
		"out of order":    {refusing("AUTH", "454 4.7.0 Temporary authentication failure"), nil, connectors.Transient, nil},
		"no basic":        {refusing("AUTH", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."), nil, connectors.Auth, []string{"oauth2"}},
		"locked":          {refusing("AUTH", "535 5.7.8 account is locked"), nil, connectors.Forbidden, []string{"locked"}},
		"not our address": {func(f *fake) { f.traps.ownOnly = true }, map[string]string{"from": "other@nordlicht.example"}, connectors.Forbidden, []string{"does not let us send as other@nordlicht.example", "set from to"}},
		"a foreign name":  {func(f *fake) { f.caps = []string{"SIZE 1000000"} }, map[string]string{"from": "verkäufe@nordlicht.example"}, connectors.Invalid, []string{"other letters"}},
		"too busy":        {func(f *fake) { f.traps.greeting = "421 4.7.0 too many connections" }, nil, connectors.RateLimited, nil},
		"not for us":      {func(f *fake) { f.traps.greeting = "554 5.7.1 no service for you" }, nil, connectors.Forbidden, nil},
		"not mail":        {func(f *fake) { f.traps.greeting = "* OK IMAP4rev1 ready" }, nil, connectors.Invalid, []string{"no mail server answers"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.token = "ya29.good"
				w.change(f)
				c := at(t, f, w.options)
				err := c.Check(context.Background())
				if w.class != "" {
					wants(t, err, w.class, w.words...)
				} else if err != nil {
					t.Fatal(err)
				} else if err := send(c, "1", messageOf(2)); err != nil {
					t.Fatal(err)
				}
				if n := f.count("AUTH"); n > 1 && w.class != "" {
					t.Errorf("%d logins", n)
				}
				if c.Security == mailserver.None && f.count("DATA") > 1 {
					t.Errorf("Check sent a mail: %v", f.verbs)
				}
			})
		})
	}
}

func refusing(verb string, answers ...string) func(f *fake) {
	return func(f *fake) { f.traps.refuse = map[string][]string{verb: answers} }
}

// tokens plays the server that renews tokens.
type tokens struct {
	f     *fake
	calls int
}

func (x *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	x.calls++
	token := fmt.Sprintf("ya29.%d", x.calls)
	body := `{"access_token":"` + token + `","expires_in":3600,"token_type":"Bearer"}`
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.token = "ya29.2" // the first one is not good any more, though it has not run out
		x := &tokens{f: f}
		c := at(t, f, map[string]string{"login": "oauth2", "client_id": "id", "refresh_token": "1//refresh", "token_url": "https://oauth2.example/token"}, func(e *connectors.Env) { e.HTTP = x })
		if err := send(c, "1", messageOf(1)); err != nil {
			t.Fatal(err)
		}
		if x.calls != 2 || f.count("AUTH") != 2 {
			t.Errorf("%d tokens, %d logins", x.calls, f.count("AUTH"))
		}
		c.leave()
		f.token = "none"
		wants(t, send(c, "2", messageOf(1)), connectors.Auth)
		if f.count("AUTH") > 4 {
			t.Errorf("%d logins", f.count("AUTH"))
		}
	})
}

func TestGreylisting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.traps.greylist = 4 * time.Minute
		c := at(t, f, nil)
		err := send(c, "1", messageOf(1))
		wants(t, err, connectors.Transient, "goes again by itself")
		var e *connectors.Error
		errors.As(err, &e)
		if e.After != 4*time.Minute {
			t.Errorf("After is %s", e.After)
		}
		time.Sleep(e.After)
		if err := send(c, "1", messageOf(1)); err != nil {
			t.Fatal(err)
		}
		if n := len(f.mails()); n != 1 {
			t.Errorf("%d mails arrived", n)
		}
	})
}

// One connection carries many mails, and another one follows where the server wants that.
func TestSessions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *fake){
		"kept":             func(*fake) {},
		"three of each":    func(f *fake) { f.traps.session = 3 },
		"ends when silent": func(f *fake) { f.traps.idle = time.Second },
		"refused between":  refusing("RCPT", "550 5.1.1 no such user", "", "", "451 4.3.0 later"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				change(f)
				c := at(t, f, map[string]string{"rate": "20"})
				failed := 0
				for i := range 10 {
					if err := send(c, fmt.Sprint(i), messageOf(i)); err != nil {
						failed++
					}
				}
				if n := len(f.mails()); n != 10-failed || failed > 0 && name != "refused between" || failed != 2 && name == "refused between" {
					t.Errorf("%d mails arrived, %d failed", n, failed)
				}
				want := map[string]int{"kept": 1, "three of each": 4, "ends when silent": 10, "refused between": 1}[name]
				if f.dials != want {
					t.Errorf("%d connections, not %d", f.dials, want)
				}
			})
		})
	}
}

func TestWhatIsCertain(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]struct {
		change  func(f *fake)
		class   connectors.Class
		arrived int
	}{
		"refused in the middle":           {func(f *fake) { f.traps.early = true }, connectors.Invalid, 0},
		"dropped at MAIL":                 {refusing("MAIL", "drop"), connectors.Transient, 0},
		"dropped at DATA":                 {refusing("DATA", "drop"), connectors.Transient, 0},
		"dropped at the end":              {refusing("end", "drop"), connectors.Ambiguous, 0},
		"taken, and dropped":              {func(f *fake) { f.traps.silentEnd = true }, connectors.Ambiguous, 1},
		"answers out of step":             {func(f *fake) { f.traps.doubled = true }, connectors.Transient, 0},
		"421 at the end":                  {refusing("end", "421 4.3.2 shutting down"), connectors.RateLimited, 0},
		"larger than the server takes":    {func(f *fake) { f.caps = []string{"SIZE 900"} }, connectors.Invalid, 0},
		"the server cannot write to them": {func(f *fake) { f.caps = []string{"8BITMIME"} }, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				w.change(f)
				c := at(t, f, nil)
				err := send(c, "1", messageOf(1))
				if w.class != "" {
					wants(t, err, w.class)
				} else if err != nil {
					t.Error(err)
				}
				if n := len(f.mails()); n != w.arrived {
					t.Errorf("%d mails arrived", n)
				}
				if f.count("RSET") > 0 && f.count("DATA") > 0 && len(f.mails()) == 0 && f.count("end") == 0 {
					t.Errorf("a command in the middle of a mail: %v", f.verbs)
				}
			})
		})
	}
}

func TestForeignAddressesNeedTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.caps = []string{"8BITMIME", "SIZE 1000000"}
		c := at(t, f, nil)
		m := messageOf(1)
		m.To.Address = "用户@例え.jp"
		wants(t, send(c, "1", m), connectors.Invalid, "other letters")
		m.To.Address = "info@例え.jp"
		if err := send(c, "2", m); err != nil {
			t.Fatal(err)
		}
		if got := f.mails(); len(got) != 1 || got[0].utf8 || got[0].to != "info@xn--r8jz45g.jp" {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheServersOwnWordsReachTheUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		refusing("RCPT", "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 learn more - gsmtp")(f)
		c := at(t, f, nil)
		wants(t, send(c, "1", messageOf(1)), connectors.Invalid, `nobody has this address (it says "The email account that you tried to reach does not exist. learn more - gsmtp")`)
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := map[string]string{"host": "smtp.nordlicht.example", "user": "a@nordlicht.example", "password": "x"}
	for name, w := range map[string]struct {
		options map[string]string
		class   connectors.Class
		words   string
	}{
		"good":             {nil, "", ""},
		"no host":          {map[string]string{"host": " "}, connectors.Invalid, "option host"},
		"an address":       {map[string]string{"host": "smtp://x"}, connectors.Invalid, "option host"},
		"no password":      {map[string]string{"password": ""}, connectors.Auth, "option password is missing"},
		"line break":       {map[string]string{"password": "x\n"}, connectors.Invalid, "line break"},
		"no port":          {map[string]string{"port": "mail"}, connectors.Invalid, "no port"},
		"plain":            {map[string]string{"security": "none"}, connectors.Invalid, "this machine alone"},
		"opportunistic":    {map[string]string{"security": "auto"}, connectors.Invalid, "tls, starttls or none"},
		"two from":         {map[string]string{"from": "a@b.example, c@d.example"}, connectors.Invalid, "option from"},
		"injected from":    {map[string]string{"from": "A <a@b.example>\r\nBcc: x@y.example"}, connectors.Invalid, "option from"},
		"no from":          {map[string]string{"user": "anna"}, connectors.Invalid, "option from is missing"},
		"reply_to":         {map[string]string{"reply_to": "nobody"}, connectors.Invalid, "option reply_to"},
		"rate":             {map[string]string{"rate": "-1"}, connectors.Invalid, "option rate"},
		"rate of nothing":  {map[string]string{"rate": "NaN"}, connectors.Invalid, "option rate"},
		"fingerprint":      {map[string]string{"fingerprint": "xyz"}, connectors.Invalid, "fingerprint"},
		"oauth":            {map[string]string{"login": "oauth2"}, connectors.Auth, "client_id"},
		"microsoft":        {map[string]string{"host": "smtp.office365.com", "password": ""}, connectors.Auth, "takes no passwords"},
		"login":            {map[string]string{"login": "magic"}, connectors.Invalid, "option login"},
		"oauth, nobody":    {map[string]string{"login": "oauth2", "user": "", "from": "a@b.example", "token": "t"}, connectors.Invalid, "option user"},
		"named in quotes":  {map[string]string{"from": `"Nordlicht, Optik" <a@b.example>`}, "", ""},
		"Chinese domain":   {map[string]string{"from": `北极光 <sales@北极光.example>`}, "", ""},
		"no password, 163": {map[string]string{"host": "smtp.163.com", "password": ""}, connectors.Auth, "授权码"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := maps.Clone(good)
			maps.Copy(o, w.options)
			c, err := Spec().Open(context.Background(), o, connectors.Env{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, io.EOF }})
			if w.class == "" {
				if err != nil {
					t.Fatal(err)
				}
				if own := c.(*connection); name == "named in quotes" && own.from.Name != "Nordlicht, Optik" || name == "Chinese domain" && own.domain != "xn--54qu7b719a.example" {
					t.Errorf("%+v, %s", own.from, own.domain)
				}
				return
			}
			wants(t, err, w.class, w.words)
		})
	}
}
