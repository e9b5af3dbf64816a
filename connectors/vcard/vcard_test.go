package vcard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keptcrm/kept/connectors"
	"github.com/keptcrm/kept/connectors/format/card"
	formats "github.com/keptcrm/kept/connectors/format/vcard"
)

// envOf gives files, of which those with a slash stand in folders.
func envOf(files map[string]string) connectors.Env {
	return connectors.Env{
		Open: func(name string) (connectors.File, error) {
			data, ok := files[name]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return memory{strings.NewReader(data)}, nil
		},
		List: func(folder string) ([]string, error) {
			var names []string
			for name := range files {
				if rest, ok := strings.CutPrefix(name, strings.TrimRight(folder, "/")+"/"); ok {
					names = append(names, rest)
				}
			}
			if len(names) == 0 {
				return nil, fs.ErrInvalid
			}
			slices.Sort(names)
			return names, nil
		},
	}
}

func opened(t testing.TB, path string, files map[string]string) *connection {
	t.Helper()
	c, err := Spec().Open(context.Background(), map[string]string{"path": path}, envOf(files))
	if err != nil {
		t.Fatal(err)
	}
	return c.(*connection)
}

// pull reads all and checks that it adds up.
func pull(t interface {
	Helper()
	Fatalf(string, ...any)
}, c *connection) (changes []connectors.Change, rejected []connectors.Rejected) {
	t.Helper()
	var from connectors.Cursor
	told, counted := 0, 0
	for {
		page, err := c.Pull(context.Background(), connectors.Contact, from)
		if err != nil {
			t.Fatalf("%v", err)
		}
		told += page.Told
		counted += page.Joined + len(page.Changes)
		for _, r := range page.Rejected {
			if !r.Kept {
				counted++
			}
		}
		changes, rejected = append(changes, page.Changes...), append(rejected, page.Rejected...)
		if from = page.Next; !page.More {
			if told != counted || int64(told) != page.Total || page.Done != page.Total {
				t.Fatalf("told %d, accounted for %d, total %d, done %d", told, counted, page.Total, page.Done)
			}
			return changes, rejected
		}
	}
}

// plain renders what was read for people: a line for each value.
func plain(changes []connectors.Change, rejected []connectors.Rejected) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s=%s", c.Where, c.Record.Keyed, c.Record.ID)
		if !c.Record.Modified.IsZero() {
			fmt.Fprintf(&b, " modified %s", c.Record.Modified.Format("2006-01-02T15:04:05Z07:00"))
		}
		b.WriteByte('\n')
		for _, f := range c.Record.Fields {
			for _, v := range f.Values {
				fmt.Fprintf(&b, "  %s", f.Name)
				if v.Label != "" {
					fmt.Fprintf(&b, "[%s]", v.Label)
				}
				fmt.Fprintf(&b, " %s", strings.ReplaceAll(v.Text, "\n", `\n`))
				if v.Parts != nil {
					parts, _ := json.Marshal(v.Parts)
					fmt.Fprintf(&b, " %s", parts)
				}
				b.WriteByte('\n')
			}
		}
	}
	for _, r := range rejected {
		kind := "aside"
		if r.Kept {
			kind = "kept"
		}
		fmt.Fprintf(&b, "%s %s %s: %s\n", kind, r.Where, r.Field, r.Reason)
	}
	return b.String()
}

func book(t testing.TB, text string) string {
	t.Helper()
	return plain(pull(t.(interface {
		Helper()
		Fatalf(string, ...any)
	}), opened(t, "b.vcf", map[string]string{"b.vcf": text})))
}

func written(lines ...string) string {
	return "BEGIN:VCARD\n" + strings.Join(lines, "\n") + "\nEND:VCARD\n"
}

// The fixtures are what the programs of made-up people would write; the goldens were read by hand.
func TestFixtures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.vcf")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".vcf") + ".golden"
			got := book(t, string(data))
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"handles": {written("FN:A", "IMPP;X-SERVICE-TYPE=WhatsApp:whatsapp:+49171", "IMPP:xmpp:a@b.example", "IMPP;X-SERVICE-TYPE=Skype;type=HOME:skype:jo%20ny?chat", "IMPP:aim:goim?screenname=jo",
			"X-SOCIALPROFILE;type=twitter;x-user=jo:http://twitter.com/jo", "X-QQ:12345", "SOCIALPROFILE;SERVICE-TYPE=Mastodon:https://m.example/@jo", "item1.IMPP:jo7", "item1.X-ABLabel:WeChat"),
			"handle[whatsapp] +49171|handle[xmpp] a@b.example|handle[skype] jo ny|handle[aim] jo|handle[twitter] http://twitter.com/jo|handle[qq] 12345|handle[mastodon] https://m.example/@jo|handle[wechat] jo7|name A"},
		"labels": {written("FN:A", "TEL;CELL;VOICE:1", "TEL;type=WORK;type=FAX:2", "TEL;TYPE=\"cell,work\":3", "a.TEL:4", "a.X-ABLABEL:_$!<AssistantPhone>!$_", "b.TEL:5", "b.X-ABLabel:Ferienhaus", "TEL;X-Mobile:6", "TEL;PREF;HOME:7"),
			"name A|phone[home] 7|phone[cell] 1|phone[work fax] 2|phone[work cell] 3|phone[assistant phone] 4|phone[ferienhaus] 5|phone[cell] 6"},
		"preferred first": {written("FN:A", "EMAIL:a@x.example", "EMAIL;PREF=2:b@x.example", "EMAIL;TYPE=work,pref:c@x.example", "EMAIL;PREF=1:d@x.example"),
			"email[work] c@x.example|email d@x.example|email b@x.example|email a@x.example|name A"},
		"birthdays":   {written("FN:A", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29"), "birthday --02-29|name A"},
		"no day":      {written("FN:A", "BDAY:spring"), `name A|kept b.vcf:3 BDAY: "spring" is no day`},
		"gender":      {written("FN:A", "GENDER:O;enby", "LANG:zh"), "gender enby|language zh|name A"},
		"an address":  {written("FN:A", "i.ADR;TYPE=home:;;Am Wall 1\\nHinterhaus;Lübeck;;23552;", "i.X-ABADR:de"), `address[home] Am Wall 1, Hinterhaus, 23552 Lübeck, DE {"city":"Lübeck","country":"DE","postcode":"23552","street":"Am Wall 1, Hinterhaus"}|name A`},
		"a label":     {written("FN:A", "LABEL;WORK;ENCODING=QUOTED-PRINTABLE:Weg 1=0D=0A12345 Ort", "ADR;HOME:;;;;;;"), "address[work] Weg 1, 12345 Ort|name A"},
		"no name":     {written("FN:jo@x.example", "EMAIL:jo@x.example"), "email jo@x.example"},
		"a whole one": {written("FN:Jana Köhler", "N:Jana Köhler;;;;"), "name Jana Köhler"},
		"a company":   {written("FN:ACME GmbH", "N:;;;;", "ORG:ACME GmbH;", "X-ABShowAs:COMPANY"), "company ACME GmbH"},
		"an org":      {written("KIND:org", "FN:ACME"), "company ACME"},
		"units":       {written("ORG:ACME;Lab;Optics", "TITLE:Dr."), "company ACME|department Lab, Optics|title Dr."},
		"related":     {written("FN:A", "a.X-ABRELATEDNAMES:Jo", "a.X-ABLabel:_$!<Spouse>!$_", "X-MANAGER:Bo", "RELATED;TYPE=friend:Mo", "a1.X-ABDATE:1999-01-02", "a1.X-ABLabel:_$!<Anniversary>!$_", "X-CUSTOMER-NO:77"), "custom.customer_no 77|custom.date[anniversary] 1999-01-02|custom.related[spouse] Jo|custom.related[manager] Bo|custom.related[friend] Mo|name A"},
		"Android":     {written("FN:A", "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Jo;1;;;;", "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;--03-22;3;;"), "birthday --03-22|name A|nickname Jo"},
		"reading":     {written("N:山田;太郎", "SOUND;X-IRMC-N:ﾔﾏﾀﾞ;ﾀﾛｳ;;;", "X-PHONETIC-FIRST-NAME:Taro"), "family 山田|given 太郎|phonetic[family] ﾔﾏﾀﾞ|phonetic[given] ﾀﾛｳ|phonetic[given] Taro"},
		"several":     {written("FN:A", "EMAIL:a@x.example, b@x.example"), "email a@x.example|email b@x.example|name A"},
		"bad ones":    {written("FN:A", "EMAIL:jana@@x", "TEL:none", "TEL;CELL 1"), `name A|kept b.vcf:5 : "TEL;CELL 1" is no property|kept b.vcf:3 EMAIL: e-mail "jana@@x" is no address|kept b.vcf:4 TEL: phone number "none" has no digits`},
		"tel":         {written("FN:A", "TEL;VALUE=uri:tel:+1-418-656-9254;ext=102"), "name A|phone +1-418-656-9254;ext=102"},
		"no photo":    {written("FN:A", "PHOTO;ENCODING=b:/9j/", "LOGO:data:image/png;base64,xx", "KEY:http://x.example"), "name A"},
		"tags":        {written("FN:A", `CATEGORIES:myContacts,vip\, gold,press`), "name A|tag vip, gold|tag press"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSuffix(book(t, c.text), "\n"), "\n")[1:]
			for i := range lines {
				lines[i] = strings.TrimSpace(lines[i])
			}
			if d := cmp.Diff(strings.Split(c.want, "|"), lines); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	text := written("UID:urn:uuid:U-1", "FN:One", "REV:20240102T030405Z") + // 1
		written("FN:Two", "EMAIL:Two@X.example") + // 6
		written("FN:Three") + // 10
		written("UID:u-1", "FN:other case, other key") + // 13
		written("UID:U-1", "FN:Somebody else") + // 17
		written("UID:U-1", "FN:One", "REV:20250102T030405Z", "PHOTO;ENCODING=b:/9j/") + // 21
		written("FN:Two's wife", "EMAIL:two@x.example") + // 27
		written("FN:Three", "NOTE:", "PRODID:x") + // 31
		written("FN:Somebody else", "UID:U-1") // 36, the same as on 17
	want := `b.vcf:1 id=U-1 modified 2024-01-02T03:04:05Z
b.vcf:6 email=two@x.example
b.vcf:10 content=h:
b.vcf:13 id=u-1
b.vcf:17 content=h:
b.vcf:21 content=h: modified 2025-01-02T03:04:05Z
b.vcf:27 content=h:
kept b.vcf:18 UID: "U-1" stands in b.vcf:1 already, on another card
kept b.vcf:22 UID: "U-1" stands in b.vcf:1 already, on another card
`
	var got strings.Builder
	for line := range strings.Lines(book(t, text)) {
		if line[0] == ' ' {
			continue
		}
		if i := strings.Index(line, "=h:"); i >= 0 {
			line = line[:i+3] + line[min(i+23, len(line)-1):]
		}
		got.WriteString(line)
	}
	// The card on line 21 has the UID written otherwise than the one on line 1.
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}

func TestGroupsAreNoPeople(t *testing.T) {
	t.Parallel()
	got := book(t, written("FN:Jana", "UID:urn:uuid:ABC")+
		written("FN:Moon club", "N:Moon club;;;;", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:abc", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:nobody")+
		written("FN:Li", "EMAIL:li@x.example")+written("KIND:group", "FN:团队", "MEMBER:mailto:li@x.example")+written("KIND:GROUP", "FN:Empty"))
	want := `b.vcf:1 id=ABC
  name Jana
  tag Moon club
b.vcf:12 email=li@x.example
  email li@x.example
  name Li
  tag 团队
kept b.vcf:5 KIND: "Moon club" is a group, no person; its members in this file carry it as a tag
kept b.vcf:16 KIND: "团队" is a group, no person; its members in this file carry it as a tag
kept b.vcf:21 KIND: "Empty" is a group, no person, and names no members
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBrokenCards(t *testing.T) {
	t.Parallel()
	got := book(t, written("NOTE:nothing else", "EMAIL:no@@address")+"BEGIN:VCARD\nFN:No end\n"+written("FN:Next")+written("PHOTO;ENCODING=b:"+strings.Repeat("A", 33<<20))+"BEGIN:VCARD\nFN:Cut\nTEL:12")
	want := `b.vcf:5 content=h:1ac8ee45d0c2e38c4e6f
  name No end
b.vcf:7 content=h:5bd0bb8c4a3b2d4d3d29
  name Next
aside b.vcf:1 : the card has no name, company, e-mail address, phone number or handle
kept b.vcf:5 : the line END:VCARD is missing
aside b.vcf:10 : the card is longer than 32 MB
aside b.vcf:13 : the file ends in the middle of this card; export it again, or complete the card up to END:VCARD
`
	mask := func(s string) string {
		var out strings.Builder
		for line := range strings.Lines(s) {
			if i := strings.Index(line, "content=h:"); i >= 0 {
				line = line[:i] + "\n"
			}
			out.WriteString(line)
		}
		return out.String()
	}
	if d := cmp.Diff(mask(want), mask(got)); d != "" {
		t.Error(d)
	}
}

func TestReread(t *testing.T) {
	t.Parallel()
	gb := "BEGIN:VCARD\r\nORG;CHARSET=GBK:\r\nNOTE;CHARSET=GBK:\xc9\xcf\xba\xa3\r\nPHOTO;ENCODING=BASE64:/9j/\r\n\r\nEND:VCARD\r\n"
	c := opened(t, "b.vcf", map[string]string{"b.vcf": written("FN:x") + gb})
	_, rejected := pull(t, c)
	if len(rejected) != 1 || rejected[0].Raw != "BEGIN:VCARD\nORG;CHARSET=GBK:\nNOTE;CHARSET=GBK:上海\nEND:VCARD" {
		t.Fatalf("%+v", rejected)
	}
	for raw, want := range map[string]string{
		strings.Replace(rejected[0].Raw, "ORG;CHARSET=GBK:", "ORG;CHARSET=GBK:北京天文馆", 1): "company 北京天文馆\n  note 上海",
		"FN:Jana":       "name Jana",
		rejected[0].Raw: "aside b.vcf:4 : the card has no name, company, e-mail address, phone number or handle",
	} {
		page, err := c.Reread(context.Background(), rejected[0].Context, raw)
		if err != nil || page.Told != 1 || page.More {
			t.Fatalf("%q: %+v %v", raw, page, err)
		}
		if got := plain(page.Changes, page.Rejected); !strings.Contains(got, want) || len(page.Changes) > 0 && !strings.HasPrefix(got, "b.vcf:4 ") {
			t.Errorf("%q: %s", raw, got)
		}
	}
	for _, bad := range [][2]string{{"", "FN:x"}, {rejected[0].Context, " "}} {
		if _, err := c.Reread(context.Background(), bad[0], bad[1]); connectors.ClassOf(err) != connectors.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	files := map[string]string{"book/readme.txt": "no card", "book/empty.vcf": ""}
	for i := range 450 {
		files[fmt.Sprintf("book/%03d.VCF", i)] = written("FN:Person", fmt.Sprintf("EMAIL:p%d@x.example", i))
	}
	files["book/450.vcf"] = written("FN:Group", "KIND:group", "MEMBER:mailto:p0@x.example") + written("UID:x", "FN:A") + written("UID:x", "FN:B")
	c := opened(t, "book/", files)
	if err := c.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	d, err := c.Describe(context.Background())
	if err != nil || d.Rows != 453 || d.Layout != "vcard" {
		t.Fatalf("%+v, %v", d, err)
	}
	changes, rejected := pull(t, c)
	if len(changes) != 452 || changes[17].Where != "017.VCF:1" || len(changes[0].Record.Fields) != 3 {
		t.Errorf("%d changes, %+v", len(changes), changes[0])
	}
	if got := plain(nil, rejected); got != "kept 450.vcf:1 KIND: \"Group\" is a group, no person; its members in this file carry it as a tag\nkept 450.vcf:11 UID: \"x\" stands in 450.vcf:6 already, on another card\n" {
		t.Error(got)
	}
	// From each cursor the rest is the same, for another connection too; a changed file starts over.
	page, err := c.Pull(context.Background(), connectors.Contact, "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := opened(t, "book", files).Pull(context.Background(), connectors.Contact, page.Next)
	if err != nil || again.Changes[0].Where != "200.VCF:1" || again.Done != 400 {
		t.Errorf("%+v %v", again, err)
	}
	files["book/449.VCF"] = written("FN:Changed")
	if _, err := opened(t, "book", files).Pull(context.Background(), connectors.Contact, page.Next); connectors.ClassOf(err) != connectors.CursorExpired {
		t.Errorf("a changed folder: %v", err)
	}
	if err := opened(t, "other", map[string]string{"other/x.txt": ""}).Check(context.Background()); err == nil || !strings.Contains(err.Error(), "no files that end in .vcf") {
		t.Error(err)
	}
}

func TestWhatIsNoAddressBook(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{"": "is empty", "\n \n": "is empty", "id,name\n1,Ana\n": "holds no vCard", "BEGIN:VCALENDAR\nEND:VCALENDAR\n": "holds no vCard", "a vcard\n": "holds no vCard"} {
		c := opened(t, "b.vcf", map[string]string{"b.vcf": data})
		for _, err := range []error{c.Check(context.Background()), func() error { _, err := c.Describe(context.Background()); return err }()} {
			if connectors.ClassOf(err) != connectors.Invalid || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", data, err)
			}
		}
	}
	if err := opened(t, "gone.vcf", nil).Check(context.Background()); connectors.ClassOf(err) != connectors.NotFound {
		t.Error(err)
	}
}

// Real exports are read with what an independent reader found in them.
func TestRealExports(t *testing.T) {
	t.Parallel()
	const dir = "../../../shared/data/contact_vcard"
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skip("the real exports are not beside this checkout")
	}
	var want map[string][]struct {
		FN, Bday          string
		Emails, Tels, Org []string
		Adr               int
	}
	if err := json.Unmarshal(data, &want); err != nil || len(want) < 6 {
		t.Fatal(len(want), err)
	}
	for file, cards := range want {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		changes, _ := pull(t, opened(t, file, map[string]string{file: string(data)}))
		if len(changes) != len(cards) {
			t.Errorf("%s: %d of %d cards", file, len(changes), len(cards))
			continue
		}
		for i, c := range cards {
			got := map[string][]string{}
			for _, f := range changes[i].Record.Fields {
				for _, v := range f.Values {
					got[f.Name] = append(got[f.Name], v.Text)
				}
			}
			holds := func(field string, want ...string) {
				for _, w := range want {
					w = strings.TrimPrefix(strings.TrimSpace(w), "tel:")
					if _, isMail := card.Email(w); field == "email" && !isMail {
						continue
					}
					if w != "" && !slices.Contains(got[field], w) {
						t.Errorf("%s card %d: %s has %q, not %q", file, i, field, got[field], w)
					}
				}
			}
			holds("name", c.FN)
			holds("email", c.Emails...)
			holds("phone", c.Tels...)
			if len(c.Org) > 0 {
				holds("company", c.Org[0])
				holds("department", c.Org[1:]...)
			}
			if date, ok := formats.Date(c.Bday); ok {
				holds("birthday", date)
			}
			if len(got["address"]) != c.Adr {
				t.Errorf("%s card %d: %d addresses, want %d", file, i, len(got["address"]), c.Adr)
			}
		}
	}
}

// A card that is written with anything in it is read with just that.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"Jana", "Köhler", "李伟", "جميل", "🌟", "O'Neill; Esq.", `a\b`, "Tom, Dick", "=20", "北京天文馆"})
		version := rapid.SampledFrom([]string{"2.1", "3.0", "4.0"}).Draw(t, "version")
		c := formats.Parse([]byte("BEGIN:VCARD\nVERSION:" + version + "\nEND:VCARD\n"))[0]
		want := map[string]string{"given": words.Draw(t, "given"), "family": words.Draw(t, "family"), "company": words.Draw(t, "company"), "title": words.Draw(t, "title"),
			"note": words.Draw(t, "note") + "\n" + words.Draw(t, "more"), "department": words.Draw(t, "department")}
		c.SetParts("N", want["family"], want["given"], "", "", "")
		c.SetParts("ORG", want["company"], want["department"])
		c.SetText("TITLE", want["title"])
		c.SetText("NOTE", want["note"])
		changes, rejected := pull(t, &connection{path: "b.vcf", env: envOf(map[string]string{"b.vcf": string(c.Bytes())})})
		if len(changes) != 1 || len(rejected) > 0 {
			t.Fatalf("%q: %s", c.Bytes(), plain(changes, rejected))
		}
		got := map[string]string{}
		for _, f := range changes[0].Record.Fields {
			got[f.Name] = f.Values[0].Text
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzPull(f *testing.F) {
	f.Add([]byte(written("FN:x", "UID:1", "EMAIL:a@b.example", "ADR:;;a;b;c;d;e", "BDAY:1980-01-01") + written("KIND:group", "MEMBER:1") + written("UID:1", "N:a;b")))
	f.Add([]byte("BEGIN:VCARD\nIMPP:aim:goim?x=y\nX-SOCIALPROFILE;x-user=a:x-apple:a\nX-ANDROID-CUSTOM:a/nickname;b\nEND:VCARD"))
	f.Add([]byte("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=GBK:=B1=B1=\n=BE\nTEL:tel:%zz\nREV:0001-01-01\nBEGIN:VCARD\nTEL"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := opened(t, "b.vcf", map[string]string{"b.vcf": string(data)})
		if c.Check(context.Background()) != nil {
			return
		}
		_, rejected := pull(t, c)
		for _, r := range rejected {
			if !r.Kept {
				if _, err := c.Reread(context.Background(), r.Context, r.Raw+"\nFN:x\n"); err != nil && connectors.ClassOf(err) != connectors.Invalid {
					t.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkPull(b *testing.B) {
	const n = 30_000
	var text bytes.Buffer
	for i := range n {
		fmt.Fprintf(&text, "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Köhler;Jana;;;\r\nFN:Jana Köhler\r\nORG:Sternwarte;Optik\r\nitem1.EMAIL;type=INTERNET;type=pref:jana%d@sternwarte.example\r\n"+
			"TEL;type=CELL:+49 451 %06d\r\nADR;TYPE=WORK:;;Am Wall 1;Lübeck;;23552;Germany\r\nNOTE:likes the moon\\, and its maps\r\nCATEGORIES:vip,press\r\nUID:u-%d\r\nREV:20261121T100000Z\r\nEND:VCARD\r\n", i, i, i)
	}
	files := map[string]string{"b.vcf": text.String()}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if changes, _ := pull(b, opened(b, "b.vcf", files)); len(changes) != n {
			b.Fatal(len(changes))
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rec/s")
}
