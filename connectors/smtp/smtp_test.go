package smtp

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"encoding/base64"

	"go.uber.org/goleak"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/connectortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "ses\"ame hunter22"

// loopback are the options of a connection to the fake.
func loopback(f *fake) map[string]string {
	return map[string]string{"host": "127.0.0.1", "security": "none", "user": f.user, "from": "Nordlicht Optik <" + f.user + ">", "login": "password"}
}

// messageOf is the i-th message of the suite.
func messageOf(i int) connectors.Message {
	subjects := []string{"Rückfrage zum Teleskop", "关于您的订单：请问什么时候方便？我们想在周五之前把样品寄给您，谢谢您的耐心等待。", "استفسار عن الطلب", "Order 🌟 received", "=?utf-8?q?not_encoded?=",
		strings.Repeat("long", 60), "  spaces\tand tabs  "}
	names := []string{"Jana Köhler", "李伟", "جميل", "O'Neill, \"Bob\" <x@y.example>", "Cher", "", "a\\b"}
	m := connectors.Message{To: connectors.Mailbox{Name: names[i%len(names)], Address: fmt.Sprintf("p%d@customer.example", i)}, Subject: subjects[i%len(subjects)],
		Text: fmt.Sprintf("Guten Tag,\n\n请问什么时候发货？ متى يصل الطلب؟ 🔭 %d\n.\n..two\nFrom here = on%s\n\n-- \nAna\n", i, strings.Repeat(" long line", 150))}
	switch i % 4 {
	case 1:
		m.HTML = "<p>你好, <b>Jana</b> &amp; Söhne 🌟</p>\n"
		m.FromName = "王芳 (Nordlicht)"
	case 2:
		m.InReplyTo = "abc-123@customer.example"
		m.References = []string{"first@customer.example", "second@customer.example"}
		m.Automatic = true
	case 3:
		m.ReplyTo = connectors.Mailbox{Name: "Service Ä", Address: "service@nordlicht.example"}
		m.Automatic = true
		m.Headers = map[string]string{"X-Kept-Purpose": "service", "X-Kept-Note": "größe 好"}
	}
	return m
}

// parsed reads a mail with the standard library alone, as strangers would.
func parsed(tb testing.TB, raw string) connectortest.Arrived {
	tb.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		tb.Fatalf("%v in %q", err, raw)
	}
	dec := &mime.WordDecoder{}
	a := connectortest.Arrived{Header: map[string][]string{}}
	for name, values := range msg.Header {
		for _, v := range values {
			decoded, err := dec.DecodeHeader(v)
			if err != nil {
				tb.Errorf("header %s: %v", name, err)
			}
			a.Header[name] = append(a.Header[name], decoded)
		}
	}
	a.ID = strings.Trim(msg.Header.Get("Message-Id"), "<>")
	a.Subject = strings.Join(a.Header["Subject"], "")
	box := func(name string) connectors.Mailbox {
		if msg.Header.Get(name) == "" {
			return connectors.Mailbox{}
		}
		list, err := msg.Header.AddressList(name)
		if err != nil || len(list) != 1 {
			tb.Errorf("%s %q: %v", name, msg.Header.Get(name), err)
			return connectors.Mailbox{}
		}
		return connectors.Mailbox{Name: list[0].Name, Address: list[0].Address}
	}
	a.From, a.ReplyTo = box("From"), box("Reply-To")
	box("To")
	parts(tb, textproto.MIMEHeader(msg.Header), msg.Body, &a)
	return a
}

func parts(tb testing.TB, header textproto.MIMEHeader, body io.Reader, a *connectortest.Arrived) {
	tb.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		tb.Errorf("Content-Type %q: %v", header.Get("Content-Type"), err)
		return
	}
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				tb.Errorf("parts: %v", err)
				return
			}
			parts(tb, p.Header, p, a)
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(body); err != nil {
		tb.Errorf("body: %v", err)
	}
	switch kind {
	case "text/plain":
		a.Text = text.String()
	case "text/html":
		a.HTML = text.String()
	}
}

// refusals are answers as servers give them, with what they mean.
var refusals = map[string][]connectortest.Refusal{
	"": {
		{Answer: "451 4.3.0 Temporary failure, try again later\r\n", Class: connectors.Transient},
		{Answer: "450-4.2.1 The user you are trying to contact is\r\n450 4.2.1 busy\r\n", Class: connectors.Transient},
		{Answer: "421 4.4.2 mx.fake.example closing connection\r\n", Class: connectors.Transient},
		{Answer: "421 4.7.0 Temporary System Problem. Try again later (10). - gsmtp\r\n", Class: connectors.RateLimited},
		{Answer: "432 4.3.2 Concurrent connections limit exceeded.\r\n", Class: connectors.RateLimited},
		{Answer: "450 4.7.28 rate limit exceeded, retry in 90 seconds\r\n", Class: connectors.RateLimited, After: 90 * time.Second},
		{Answer: "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\r\n550 5.4.5 sending limits go to https://support.google.com/a/answer/166852 - gsmtp\r\n", Class: connectors.RateLimited},
		{Answer: "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; exceeded\r\n", Class: connectors.RateLimited},
		{Answer: "550 5.7.1 This message was blocked because its content presents a potential security issue\r\n", Class: connectors.Forbidden},
		{Answer: "554 DT:SPM 163 smtp8,DMCowAD3,please see http://mail.163.com/help\r\n", Class: connectors.Forbidden},
		{Answer: "530-5.7.0 Authentication Required. For more information\r\n530 5.7.0  go to - gsmtp\r\n", Class: connectors.Auth},
	},
	"MAIL FROM": {
		{Answer: "501 mail from address must be same as authorization user.\r\n", Class: connectors.Forbidden},
		{Answer: "554 5.2.252 SendAsDenied; sales@nordlicht.example not allowed to send as x\r\n", Class: connectors.Forbidden},
	},
	"RCPT TO": {
		{Answer: "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n550-5.1.1 double-checking the recipient's email address for typos or\r\n550 5.1.1 unnecessary spaces. - gsmtp\r\n", Class: connectors.Invalid, Nobody: true},
		{Answer: "550 5.4.1 Recipient address rejected: Access denied.\r\n", Class: connectors.Invalid, Nobody: true},
		{Answer: "550 No such user here\r\n", Class: connectors.Invalid, Nobody: true},
		{Answer: "550 Requested action not taken\r\n", Class: connectors.Invalid},
		{Answer: "552 5.2.2 mailbox is full\r\n", Class: connectors.Invalid},
		{Answer: "452 4.2.2 The recipient is over quota\r\n", Class: connectors.Transient, After: time.Hour},
		{Answer: "451 4.7.1 Greylisted, please try again in 300 seconds\r\n", Class: connectors.Transient, After: 5 * time.Minute},
		{Answer: "450 4.2.0 <p@customer.example>: Recipient address rejected: Greylisted\r\n", Class: connectors.Transient, After: 5 * time.Minute},
		{Answer: "550 5.7.64 TenantAttribution; Relay Access Denied\r\n", Class: connectors.Forbidden},
	},
	"\r\n.\r\n": {
		{Answer: "552 5.3.4 Message size exceeds fixed limit\r\n", Class: connectors.Invalid},
		{Answer: "550 5.1.1 user unknown\r\n", Class: connectors.Invalid, Nobody: true},
		{Answer: "554 5.6.0 no\r\n", Class: connectors.Invalid},
	},
}

// echo is how a server refuses what it was told and says it.
func echo(sent []byte) []byte {
	verb, _, _ := bytes.Cut(sent, []byte(" "))
	if !bytes.Equal(verb, []byte("AUTH")) && !bytes.Equal(verb, []byte("MAIL")) && !bytes.Equal(verb, []byte("RCPT")) {
		return nil
	}
	said := bytes.ReplaceAll(bytes.TrimSpace(sent), []byte("\r\n"), []byte(" "))
	plain := said
	if at := bytes.LastIndexByte(said, ' '); at >= 0 {
		if decoded, err := base64.StdEncoding.DecodeString(string(said[at+1:])); err == nil {
			plain = bytes.ReplaceAll(decoded, []byte{0}, []byte(" "))
		}
	}
	return fmt.Appendf(nil, "535 5.7.8 you said %s that is %s\r\n", said, plain)
}

// outlet describes what the suite needs to know of mail.
func outlet() *connectortest.Outlet {
	return &connectortest.Outlet{
		Can: []string{"Limiter", "Sender"}, Message: messageOf,
		Addresses: map[string]string{"o'neill+tag=x@customer.example": "o'neill+tag=x@customer.example", "li@例え.jp": "li@xn--r8jz45g.jp", "Info@MÜNCHEN.example": "Info@xn--mnchen-3ya.example",
			"用户@例え.jp": "用户@xn--r8jz45g.jp", "a..b.@docomo.example": "a..b.@docomo.example"},
		Logins: "AUTH ", Steps: []string{"EHLO", "AUTH", "MAIL FROM", "RCPT TO", "DATA\r\n"}[2:], Content: "Message-ID", Last: "\r\n.\r\n",
		Refusals: refusals, Echo: echo,
		Busy: []string{"421 4.3.2 Service not available, too many connections\r\n", "421 try later\r\n", "451 4.3.0 not now\r\n"},
	}
}

// harness describes the fake, with traps.
func harness(change func(f *fake)) connectortest.Harness {
	o := outlet()
	o.Server = func(tb testing.TB) connectortest.Post {
		f := newFake()
		f.password = secret
		change(f)
		tb.Cleanup(f.Close)
		var all []connectortest.Arrived
		return connectortest.Post{Dial: f.Dial, Options: loopback(f), Arrived: func() []connectortest.Arrived {
			for _, m := range f.mails()[len(all):] {
				a := parsed(tb, m.raw)
				a.To, a.At = strings.ReplaceAll(m.to, `"`, ""), m.at
				all = append(all, a)
			}
			return slices.Clone(all)
		}}
	}
	return connectortest.Harness{Spec: Spec(), Secret: secret, Outlet: o}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, harness(func(*fake) {}))
}
