package promise

import (
	"slices"
	"strings"
	"unicode"
)

// Terms are the words of a text that say what it is about, each once, in their order: things, names,
// numbers. English words lose their plural; of Chinese there are pairs of characters; a few things
// that are promised day by day have one name in both languages ("quote" for 报价).
func Terms(text string) []string {
	var out []string
	add := func(t string) {
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	runes := []rune(text)
	for i := 0; i < len(runes); {
		r := runes[i]
		switch {
		case unicode.Is(unicode.Han, r):
			j := i
			for j < len(runes) && unicode.Is(unicode.Han, runes[j]) {
				j++
			}
			hanTerms(string(runes[i:j]), add)
			i = j
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			j := i
			for j < len(runes) && !unicode.Is(unicode.Han, runes[j]) && (unicode.IsLetter(runes[j]) || unicode.IsDigit(runes[j]) || unicode.IsMark(runes[j]) ||
				strings.ContainsRune("'’", runes[j]) || strings.ContainsRune("-.,", runes[j]) && j+1 < len(runes) && joins(runes[j-1], runes[j], runes[j+1])) {
				j++
			}
			latinTerm(string(runes[i:j]), add)
			i = j
		default:
			i++
		}
	}
	return out
}

// joins says whether a sign stands within a word: SKU-7, 1,200, 48.50.
func joins(before, sign, after rune) bool {
	if sign == '-' {
		return unicode.IsDigit(before) || unicode.IsDigit(after)
	}
	return unicode.IsDigit(before) && unicode.IsDigit(after)
}

func latinTerm(word string, add func(string)) {
	w := strings.ToLower(strings.ReplaceAll(word, "’", "'"))
	w, _, _ = strings.Cut(w, "'")
	if HasDigit(w) {
		if strings.Trim(w, "0123456789.,") == "" {
			w = strings.ReplaceAll(w, ",", "")
		} else if ordinal(w) {
			return
		}
		if w = strings.Trim(w, ".,-"); len(w) > 0 {
			add(w)
		}
		return
	}
	if len([]rune(w)) < 2 || termStops[w] {
		return
	}
	s := singular(w)
	if termStops[s] {
		return
	}
	if c := concepts[s]; c != "" {
		s = c
	}
	add(s)
}

// ordinal is a day as English writes it: 21st, 3rd, 12th.
func ordinal(w string) bool {
	return len(w) > 2 && slices.Contains([]string{"st", "nd", "rd", "th"}, w[len(w)-2:]) && strings.Trim(w[:len(w)-2], "0123456789") == ""
}

// HasDigit says whether a term has a number in it: a quantity, an article's or an order's number.
func HasDigit(term string) bool { return strings.ContainsAny(term, "0123456789") }

func singular(w string) string {
	switch n := len(w); {
	case n > 4 && strings.HasSuffix(w, "ies"):
		return w[:n-3] + "y"
	case n > 4 && (strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "sses")):
		return w[:n-2]
	case n > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		return w[:n-1]
	}
	return w
}

func hanTerms(run string, add func(string)) {
	// Whole things first, so that their characters make no pairs with their neighbours.
	for _, c := range hanConcepts {
		for strings.Contains(run, c.han) {
			add(c.name)
			run = strings.Replace(run, c.han, "·", 1)
		}
	}
	for _, stop := range hanStops {
		run = strings.ReplaceAll(run, stop, "·")
	}
	for part := range strings.SplitSeq(run, "·") {
		var rs []rune
		flush := func() {
			for i := 0; i+1 < len(rs); i++ {
				add(string(rs[i : i+2]))
			}
			rs = nil
		}
		for _, r := range part {
			if strings.ContainsRune(hanStopRunes, r) {
				flush()
				continue
			}
			rs = append(rs, r)
		}
		flush()
	}
}

// concepts are the things that are promised day by day, by their English words in the singular.
var concepts = map[string]string{
	"quotation": "quote", "quote": "quote", "offer": "quote", "proposal": "quote", "estimate": "quote", "angebot": "quote",
	"invoice": "invoice", "bill": "invoice", "rechnung": "invoice",
	"contract": "contract", "agreement": "contract", "vertrag": "contract",
	"sample": "sample", "specimen": "sample",
	"catalogue": "catalogue", "catalog": "catalogue", "brochure": "catalogue",
	"drawing": "drawing", "sketch": "drawing", "photo": "picture", "picture": "picture", "image": "picture",
	"certificate": "certificate", "manual": "manual", "instruction": "manual", "datasheet": "datasheet", "specification": "datasheet", "spec": "datasheet",
	"refund": "refund", "replacement": "replacement", "tracking": "tracking",
	"payment": "payment", "transfer": "payment", "report": "report", "minute": "minutes", "demo": "demonstration", "demonstration": "demonstration",
	"delivery": "goods", "shipment": "goods", "parcel": "goods", "package": "goods", "good": "goods", "consignment": "goods",
	"address": "address", "timetable": "schedule", "schedule": "schedule", "list": "list",
}

// hanConcepts are the same in Chinese, the longer before the shorter.
var hanConcepts = []struct{ han, name string }{
	{"报价单", "quote"}, {"报价", "quote"}, {"价格表", "list"}, {"形式发票", "invoice"}, {"发票", "invoice"}, {"账单", "invoice"}, {"合同", "contract"}, {"协议", "contract"},
	{"样品", "sample"}, {"样机", "sample"}, {"目录", "catalogue"}, {"画册", "catalogue"}, {"样册", "catalogue"}, {"图纸", "drawing"}, {"照片", "picture"}, {"图片", "picture"},
	{"证书", "certificate"}, {"说明书", "manual"}, {"规格书", "datasheet"}, {"参数表", "datasheet"}, {"退款", "refund"}, {"换货", "replacement"}, {"快递单号", "tracking"},
	{"物流单号", "tracking"}, {"单号", "tracking"}, {"付款", "payment"}, {"汇款", "payment"}, {"货款", "payment"}, {"报告", "report"}, {"会议纪要", "minutes"}, {"演示", "demonstration"},
	{"货物", "goods"}, {"包裹", "goods"}, {"地址", "address"}, {"排期", "schedule"}, {"清单", "list"},
}

// termStops are English words that say nothing of what is promised: the grammar, the time, and the
// verbs of promising and doing.
var termStops = stopSet(`a an the this that these those and or but so if then than as at by for from in into of off on onto out over to up with without within about
 i me my mine we us our ours you your yours he him his she her hers it its they them their theirs who whom which what when where why how there here
 am is are was were be been being do does did done have has had having will would shall should can could may might must let get gets got getting give given
 not no nor yes ok okay well also just only even still yet already again once soon shortly later now asap please kindly thank thanks regards best dear hi hello
 send sends sent sending mail email forward forwarded come back bring provide make made take keep know tell told inform reply answer confirm ensure promise promised
 arrange prepare look check see try going go want need hope sure happy glad able latest least most more some any all each every other another same new first next last
 today tomorrow tonight yesterday morning afternoon evening noon midnight day days week weeks month months year years hour hours end beginning start before after until till
 monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun january february march april may june july august september october
 november december jan feb mar apr jun jul aug sep sept oct nov dec early late time times attached attachment enclosed find re fw fwd aw wg antwort am pm cob eod business working`)

func stopSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// hanStops are Chinese words that say nothing of what is promised; hanStopRunes single characters.
var hanStops = []string{"我们", "你们", "您们", "他们", "咱们", "贵司", "贵公司", "我司", "我方", "本周", "下周", "上周", "这周", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "星期",
	"今天", "明天", "后天", "今晚", "明早", "上午", "下午", "中午", "晚上", "早上", "月底", "月初", "年底", "之前", "以前", "之内", "以内", "之后", "以后", "工作日", "尽快", "马上", "立即", "立刻",
	"安排", "保证", "承诺", "一定", "发送", "发给", "发到", "寄给", "寄出", "寄到", "提供", "确认", "回复", "答复", "联系", "告诉", "通知", "可以", "已经", "邮件", "附件", "请查收", "查收",
	"谢谢", "您好", "你好", "需要", "进行", "完成", "准备", "这个", "那个", "一下", "左右", "大概"}

const hanStopRunes = "我你您他她它们会将要给把在的了之前内后就已都也请为和与到下上月日号天周个这那吗呢吧再先能是有没不很让发寄送一二三四五六七八九十两几点半"
