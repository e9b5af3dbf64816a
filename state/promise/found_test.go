package promise

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// What a sentence is follows from who acts, how it is said, and what it hangs on; each line has a neighbour that differs in one
// of these.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		kind Kind
		due  string
	}{
		{"I'll send you the quote by Friday noon.", KindPromise, "by Friday noon"},
		{"I will send you the quote by Friday noon?", KindNone, ""},
		{"I'll send it Friday, ok?", KindPromise, "Friday"},
		{"Will you send the quote by Friday?", KindNone, ""},
		{"You will send us the quote by Friday.", KindNone, ""},
		{"Please send us the quote by Friday.", KindNone, ""},
		{"I won't send the quote.", KindNone, ""},
		{"I promise not to send more quotes.", KindPromise, ""},
		{"I sent you the quote on Friday.", KindNone, ""},
		{"He said he'll send you the quote.", KindThirdParty, ""},
		{"She told me I would get a refund.", KindNone, ""},
		{"Our courier will deliver it tomorrow.", KindThirdParty, "tomorrow"},
		{"Our team will ship it tomorrow.", KindPromise, "tomorrow"},
		{"If you sign, I'll ship it tomorrow.", KindConditional, "tomorrow"},
		{"I'll check if it is in stock.", KindPromise, ""},
		{"Let me know your size and we'll send it.", KindConditional, ""},
		{"I'll let you know.", KindNone, ""},
		{"I'll let you know by Friday.", KindPromise, "by Friday"},
		{"I can send you a copy.", KindConditional, ""},
		{"I can't send you a copy.", KindNone, ""},
		{"We can discuss that.", KindNone, ""},
		{"I hope I will get to it.", KindNone, ""},
		{"I’m going to Berlin tomorrow.", KindNone, ""},
		{"I'm going to call you tomorrow.", KindPromise, "tomorrow"},
		{"I'll check and let you know tomorrow.", KindPromise, "tomorrow"},
		{"I will have to look elsewhere.", KindNone, ""},
		{"Ill send it tomorrow.", KindPromise, "tomorrow"},
		{"I should be able to send it tomorrow.", KindPromise, "tomorrow"},
		{"My colleague Peter will be in touch tomorrow.", KindThirdParty, "tomorrow"},
		{"You have my word.", KindPromise, ""},
		{"Will do.", KindPromise, ""},
		{"He wrote: \"I'll send you the money tomorrow\".", KindNone, ""},
		{"You'll have the offer by Tuesday 5pm.", KindPromise, "by Tuesday 5pm"},
		{"我们周五前把报价发给您。", KindPromise, "周五前"},
		{"请您周五前把报价发给我们。", KindNone, ""},
		{"您会在周五前把报价发给我们吗？", KindNone, ""},
		{"报价周五已经发给您了。", KindNone, ""},
		{"我不会给您发报价。", KindNone, ""},
		{"如果您签字，我们周五前发货。", KindConditional, "周五前"},
		{"王经理周五前给您回电话。", KindThirdParty, "周五前"},
		{"我明天给您寄样品，可以吗？", KindPromise, "明天"},
		{"周五的会议我们改到下周。", KindNone, ""},
		{"我没法保证明天能到。", KindNone, ""},
		{"售后会在48小时内联系您。", KindPromise, "48小时内"},
		{"等您确认了，我们马上发货。", KindConditional, "马上"},
		{"明天开会讨论。", KindNone, ""},
		{"我們會在下週三之前寄給您。", KindPromise, "下週三之前"},
		{"We deliver the first pallets by mid-December.", KindPromise, "by mid-December"},
		{"We deliver within 3 days.", KindNone, ""},
		{"We deliver on Fridays.", KindNone, ""},
		{"If it breaks, we replace it free of charge.", KindConditional, ""},
		{"We've scheduled a technician to visit you on Tuesday.", KindPromise, "on Tuesday"},
		{"We've booked a flight for Tuesday.", KindNone, ""},
		{"I won't charge you for this.", KindPromise, ""},
		{"I won't come.", KindNone, ""},
		{"It won't happen again.", KindPromise, ""},
		{"Expect the revised quote tomorrow.", KindPromise, "tomorrow"},
		{"Expect delays tomorrow.", KindNone, ""},
		{"I'll call you before I leave tonight.", KindPromise, "before I leave tonight"},
		{"I'll send it once the parts are in.", KindPromise, "once the parts are in"},
		{"I'll send it once you have paid.", KindConditional, ""},
		{"I'm adding two filters to your parcel.", KindPromise, ""},
		{"I'm sending you the file.", KindNone, ""},
		{"Should it not fit, you'll get your money back.", KindConditional, ""},
		{"I'm driving up on Friday and will bring you the samples.", KindPromise, "on Friday"},
		{"They keep telling me it will be fixed tomorrow.", KindNone, ""},
		{"放假前我会把退款处理完。", KindPromise, "放假前"},
		{"春节期间放假七天。", KindNone, ""},
		{"不会再收您第二次费用。", KindPromise, ""},
		{"我不会再买你们家的东西了。", KindNone, ""},
		{"如果是我，我就退了。", KindNone, ""},
		{"行，那我按您说的改。", KindPromise, ""},
		{"是的，我的刹车坏了。", KindNone, ""},
		{"给您，这是收据。", KindNone, ""},
		{"我开完会给您回电话。", KindPromise, "开完会"},
		{"这台旧的我们帮您拉走。", KindPromise, ""},
		{"Hi 李总，I'll send the 报价单 by 周五.", KindPromise, "by 周五"},
		{"", KindNone, ""},
	} {
		f := Reader{}.Judge(c.text, written, time.UTC)
		if f.Kind != c.kind || f.DueText != c.due {
			t.Errorf("%q: got %s %q %.2f, want %s %q", c.text, f.Kind, f.DueText, f.Confidence, c.kind, c.due)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"Hi Jana,\n\nI met Mr. Smith at 5 p.m. on Friday. He paid 3.50 euros, i.e. all.", "Hi Jana,|I met Mr. Smith at 5 p.m. on Friday.|He paid 3.50 euros, i.e. all."},
		{"I'll send the long overdue quote for the telescopes and\nthe mounts tomorrow.\nBye", "I'll send the long overdue quote for the telescopes and\nthe mounts tomorrow.|Bye"},
		{"To do:\n- send the quote\n- call Tom\n1. ship it", "To do:|- send the quote|- call Tom|1. ship it"},
		{"> I'll do it.\nFine!", "Fine!"},
		{"您好！报价明天发您。谢谢", "您好！|报价明天发您。|谢谢"},
		{"好的。OK. 明天见", "好的。|OK.|明天见"},
		{"Really?! Yes... maybe. See kept.example.org/a.b now.", "Really?!|Yes... maybe.|See kept.example.org/a.b now."},
	} {
		var got []string
		for _, s := range Sentences(c.text) {
			got = append(got, c.text[s.Start:s.End])
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.text, strings.Join(got, "|"), c.want)
		}
	}
}

// A message that went to many promises nothing to anybody in particular.
func TestBulkIsDoubted(t *testing.T) {
	t.Parallel()
	said := "I'll send you the quote by Friday."
	for text, ask := range map[string]bool{said: true, said + "\n\nUnsubscribe": false, said + "\n\n本邮件由系统自动发送，请勿回复": false} {
		f := Reader{}.Promises(text, written, time.UTC)
		if len(f) == 0 || f[0].Kind != KindPromise || (f[0].Confidence >= AskAt) != ask {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

var phrases = append([]string{"I", "we", "you", "'ll", "will", "shall", "not", "send", "call", "if", "when", "and", "let me", "know", "can", "would be happy to", "going to", "am", "our", "team", "he",
	"promise", "have", "get", "back", "to", ",", ".", "?", "!", "\"", "(", ")", "\n", "asap", "as soon as", "once", "Mark", "我", "我们", "您", "会", "给您", "发", "请", "如果", "，", "。", "？", "吗", "了", "不", "尽快", "快递", "王总", "“", "”", "\xff", "😀", "é", "会議", "回复"},
	pieces...)

// Whatever is read, it is read to the end, twice alike, and what is found stands in the text.
func TestFindingHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, loc := drawNow(t)
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(phrases), 0, 40).Draw(t, "words"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		holds(t, text, now, loc)
	})
}

type fataler interface{ Fatalf(string, ...any) }

func holds(t fataler, text string, now time.Time, loc *time.Location) {
	found := Reader{}.Promises(text, now, loc)
	again := Reader{}.Promises(text, now, loc)
	if len(found) != len(again) {
		t.Fatalf("%q: %d and then %d", text, len(found), len(again))
	}
	end := 0
	for i, f := range append(found, Reader{}.Judge(text, now, loc)) {
		if i < len(again) && f != again[i] {
			t.Fatalf("%q: %+v and then %+v", text, f, again[i])
		}
		if i < len(again) {
			if f.Start < end || f.End <= f.Start || text[f.Start:f.End] != f.Text || f.Kind == KindNone {
				t.Fatalf("%q: %+v", text, f)
			}
			end = f.End
		}
		if !strings.Contains(f.Text, f.DueText) || utf8.ValidString(text) && !utf8.ValidString(f.DueText) {
			t.Fatalf("%q: due words %q", text, f.DueText)
		}
		if f.Confidence < 0 || f.Confidence > 1 || (f.Kind == KindNone) != (f.Confidence == 0) {
			t.Fatalf("%q: %s with %v", text, f.Kind, f.Confidence)
		}
		if !f.Due.At.IsZero() && (f.DueText == "" || f.Due.Text != f.DueText || Late(f.Due, now)) {
			t.Fatalf("%q: %+v", text, f)
		}
	}
}

func FuzzPromises(f *testing.F) {
	for _, s := range []string{"I'll send it by Friday.", "如果您付款，我们明天发货。", "Let me know, and we'll (probably) call you.\n> no", "\xff\xfe\x00 I'll", "“I will” 我会…", "- a\n1) b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { holds(t, text, written, time.UTC) })
}

// A text with no stop in it is read to its end.
func TestGiantSentence(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("I'll send it if you, and ", 5_000), strings.Repeat("我会给您发货，", 5_000), strings.Repeat("x", 1<<18), strings.Repeat("(", 20_000)} {
		for _, f := range (Reader{}).Promises(text, written, time.UTC) {
			if f.End > len(text) {
				t.Fatal(f)
			}
		}
	}
}

func BenchmarkPromises(b *testing.B) {
	text := strings.Repeat("Hi Jana, thanks for your call. I'll send you the quote by Friday noon. If you sign, we'll ship it next week.\n我们会在三个工作日内给您答复。谢谢！\n\n", 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Reader{}.Promises(text, written, time.UTC)
	}
}
