package mail

import (
	"strings"
	"testing"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ html, text, quoted, sig string }{
		"paragraphs":           {"<html><head><title>T</title><style>p{color:red}</style></head><body><p>Guten&nbsp;Tag,</p><p>wann\n kommt  es?</p><script>alert(1)</script></body></html>", "Guten Tag,\n\nwann kommt es?", "", ""},
		"breaks and lists":     {"Hi<br>there<ul><li>one</li><li>two</li></ul>end", "Hi\nthere\n\n- one\n- two\n\nend", "", ""},
		"a table":              {"<table><tr><td>Order</td><td>1001</td></tr><tr><td>Sum</td><td>5 €</td></tr></table>", "Order 1001\nSum 5 €", "", ""},
		"links and pictures":   {`See <a href="https://track.example.com/x?y=1">the offer</a> <img src="https://t.example.com/pixel.gif" alt="">now`, "See the offer now", "", ""},
		"hidden text":          {`<div style="display: none">preview</div><span hidden>x</span>Hello<!-- no --><div style="mso-hide:all">y</div>`, "Hello", "", ""},
		"a head nobody closed": {"<html><head><meta charset=utf-8><body>Hello", "Hello", "", ""},
		"Gmail": {`<div dir="ltr">好的，周五。<div><br></div>-- <br><div class="gmail_signature">Tom</div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon Jana &lt;<a href="mailto:j@x.de">j@x.de</a>&gt; wrote:<br></div><blockquote class="gmail_quote">When?<blockquote>deep</blockquote></blockquote></div>`,
			"好的，周五。", "On Mon Jana <j@x.de> wrote:\n\nWhen?\n\ndeep", "--\nTom"},
		"Gmail, answers between": {`<div class="gmail_quote"><div class="gmail_attr">On x wrote:</div><blockquote>When?</blockquote><div>Friday.</div><blockquote>How much?</blockquote><div>200</div></div>`, "Friday.\n\n200", "On x wrote:\n\nWhen?\n\nHow much?", ""},
		"Outlook":                {`<body><div>Ja.</div><div id="Signature">Tom<br>Shop</div><hr><div id="divRplyFwdMsg"><b>Von:</b> Jana<br><b>Unbekannt:</b> x</div><div>Wann?</div></body>`, "Ja.", "Von: Jana\nUnbekannt: x\nWann?", "Tom\nShop"},
		"Outlook for desktops": {`<div><p class=MsoNormal>Yes.<o:p></o:p></p><div><div style='border-top:solid #E1E1E1'><p class=MsoNormal><b>From:</b> Jana<br><b>Sent:</b> Monday<br><b>To:</b> Shop<br><b>Subject:</b> x<o:p></o:p></p></div></div><p>When?</p></div>`,
			"Yes.", "From: Jana\nSent: Monday\nTo: Shop\nSubject: x\n\nWhen?", ""},
		"Thunderbird":           {`<p>Gut.</p><div class="moz-signature">-- <br>Tom</div><div class="moz-cite-prefix">Am 1.1. schrieb Jana:<br></div><blockquote type="cite" cite="mid:x"><p>Wann?</p></blockquote>`, "Gut.", "Am 1.1. schrieb Jana:\n\nWann?", "--\nTom"},
		"preformatted":          {"<pre>a  b\n  c</pre>", "a  b\n  c", "", ""},
		"Arabic and emoji":      {"<div dir=rtl>متى يصل؟ 👨‍👩‍👧</div>", "متى يصل؟ 👨‍👩‍👧", "", ""},
		"words across elements": {"<b>Tele</b>skop <i>neu</i>,\n<span>bald</span>", "Teleskop neu, bald", "", ""},
		"broken":                {"<div><p>a<b>b</div></i></p>c<", "ab\nc<", "", ""},
		"entities":              {"&lt;b&gt; &amp;amp; &#128301; &uuml; &nosuch;", "<b> &amp; 🔭 ü &nosuch;", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, written("Content-Type: text/html; charset=utf-8\n", c.html))
			if m.Text != c.text || m.Quoted != c.quoted || m.Signature != c.sig {
				t.Errorf("text %q\nquoted %q\nsignature %q", m.Text, m.Quoted, m.Signature)
			}
		})
	}
	deep := parse(t, written("Content-Type: text/html\n", strings.Repeat("<div>", 200_000)+"x"+strings.Repeat("<blockquote>", 50_000)))
	if deep.Text != "x" {
		t.Errorf("deep: %q", deep.Text)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	alt := func(plain, html string) string {
		return written("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"=_b\"\n", "preamble\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+plain+"\r\n--=_b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"+html+"\r\n--=_b--\r\n")
	}
	for name, c := range map[string]struct{ raw, text, problem string }{
		"plain wins":                     {alt("plain", "<p>html</p>"), "plain", ""},
		"blank plain loses":              {alt(" \r\n", "<p>html</p>"), "html", ""},
		"no body":                        {written("", ""), "", ""},
		"quoted-printable":               {written("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", "=C3=BCber=\r\n all =3D =ZZ 100%"), "über all = =ZZ 100%", ""},
		"flowed":                         {written("Content-Type: text/plain; format=flowed\n", "one \r\ntwo\r\n> a \r\n> b\r\n-- \r\nsig"), "one two", ""},
		"base64 with junk":               {written("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n", "SGVs\r\nbG8*&^\r\nh"), "Hello!", ""},
		"cut in its parts":               {written("Content-Type: multipart/mixed; boundary=b\n", "--b\r\nContent-Type: text/plain\r\n\r\nHello"), "Hello", "ends in the middle"},
		"no boundary named":              {written("Content-Type: multipart/mixed\n", "Hello"), "Hello", ""},
		"a wrong boundary":               {written("Content-Type: multipart/mixed; boundary=b\n", "--c\r\n\r\nHello\r\n--c--"), "--c\n\nHello\n--c--", "cannot be told apart"},
		"no such type":                   {written("Content-Type: text\n", "Hello"), "Hello", ""},
		"unknown encoding":               {written("Content-Type: text/plain\nContent-Transfer-Encoding: x-own\n", "Hello"), "Hello", ""},
		"a charset nobody knows":         {written("Content-Type: text/plain; charset=x-martian\n", "\xfcber"), "über", "x-martian"},
		"parts in parts":                 {written("Content-Type: multipart/mixed; boundary=a\n", "--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b--\r\n--a\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--a--\r\n"), "one\n\ntwo", ""},
		"no empty line before the parts": {"From: a@b.de\nTo: c@d.de\nContent-Type: multipart/mixed;\n boundary=\"----b\"\nThis is a message of many parts.\n------b\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nHel=\nlo\n------b--\n", "Hello", ""},
		"said to be base64":              {written("Content-Type: multipart/alternative; boundary=b\n", "--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nWhen does the telescope come, please\nand thank you for it\n--b\nContent-Type: text/html\n\nWhen does it come?\n--b--\n"), "When does it come?", "not"},
		"mixed line ends":                {written("Content-Type: text/plain\n", "a\nb\rc\r\nd"), "a\nb\nc\nd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, c.raw)
			reasons := ""
			for _, p := range m.Problems {
				reasons += p.Reason
			}
			if m.Text != c.text || !strings.Contains(reasons, c.problem) || c.problem == "" && reasons != "" {
				t.Errorf("text %q, problems %q", m.Text, reasons)
			}
		})
	}
	for name, raw := range map[string]string{
		"parts in parts":   "From: a@b.de\nTo: c@d.de\n" + strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 20_000),
		"parts beside":     written("Content-Type: multipart/mixed; boundary=b\n", strings.Repeat("--b\n\nx\n", 50_000)),
		"dashes in a text": written("Content-Type: text/plain\n", strings.Repeat("-- a comment\n", 5_000)),
	} {
		m := parse(t, raw)
		if many := len(m.Problems) > 0; len(m.From) != 1 || many != (name != "dashes in a text") {
			t.Errorf("%s: %v", name, m.Problems)
		}
	}
}
