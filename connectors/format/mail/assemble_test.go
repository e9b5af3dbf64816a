package mail

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A message that is put together from its header, its structure and its texts says what it says whole.
func TestAssemble(t *testing.T) {
	t.Parallel()
	header := "From: jana@example.org\r\nTo: sales@nordlicht.example\r\nSubject: Angebot\r\nDate: Mon, 02 Mar 2026 10:30:00 +0100\r\nMessage-ID: <a@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	plain, html := "Gr=FC=DFe\r\n\r\n> Wann?\r\n", "<p>Grüße</p>"
	pdf := strings.Repeat("QUJD", 19) + "\r\n" + strings.Repeat("QUJD", 5)
	whole := header + "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + plain +
		"\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html + "\r\n--c--\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%E5%9B%BE.pdf\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + pdf + "\r\n--b--\r\n"
	want, err := Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	root := &Part{Type: "multipart/mixed", Parts: []*Part{
		{Section: "1", Type: "multipart/alternative", Parts: []*Part{
			{Section: "1.1", Type: "text/plain", Params: map[string]string{"charset": "iso-8859-1"}, Encoding: "quoted-printable", Size: int64(len(plain))},
			{Section: "1.2", Type: "text/html", Params: map[string]string{"charset": "utf-8"}, Encoding: "8bit", Size: int64(len(html))}}},
		{Section: "2", Type: "application/pdf", Encoding: "base64", Disposition: "attachment", About: map[string]string{"filename*": "utf-8''%E5%9B%BE.pdf"}, Size: int64(len(pdf))}}}
	var sections []string
	for _, p := range Texts([]byte(header), root) {
		sections = append(sections, p.Section)
	}
	if d := cmp.Diff([]string{"1.1", "1.2"}, sections); d != "" {
		t.Error(d)
	}
	got, err := Assemble([]byte(header), root, map[string][]byte{"1.1": []byte(plain), "1.2": []byte(html)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := Assemble([]byte("nothing\r\n\r\n"), root, nil); !errors.Is(err, ErrNoMail) {
		t.Errorf("%v", err)
	}
	root.Parts = append(root.Parts, &Part{Section: "3", Type: "multipart/mixed"})
	if _, err := Assemble([]byte(header), root, nil); !errors.Is(err, ErrStructure) {
		t.Errorf("%v", err)
	}
}

// Whatever a server tells of a message's parts, putting it together ends.
func FuzzAssemble(f *testing.F) {
	f.Add("text/plain", "charset", "utf-8", "base64", "attachment", "R3LDvMOfZQ==", int64(12))
	f.Add("multipart/mixed", "boundary", "\r\n--x", "8bit", "inline", "\r\n--=_kept_\r\n", int64(-1))
	f.Fuzz(func(t *testing.T, kind, name, value, encoding, disposition, text string, size int64) {
		leaf := &Part{Section: "1", Type: kind, Params: map[string]string{name: value}, Encoding: encoding, Disposition: disposition, About: map[string]string{name: value}, Size: size}
		header := []byte("From: a@b\r\nTo: c@d\r\nContent-Type: " + tidied(kind) + "\r\n\r\n")
		for _, root := range []*Part{leaf, {Type: "multipart/mixed", Parts: []*Part{leaf, leaf}}} {
			m, err := Assemble(header, root, map[string][]byte{"1": []byte(text)})
			if err != nil && !errors.Is(err, ErrStructure) {
				t.Fatal(err)
			}
			if m != nil && len(m.Attachments) > 2 {
				t.Fatalf("%d files of two", len(m.Attachments))
			}
		}
	})
}
