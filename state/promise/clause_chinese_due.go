package promise

import (
	"strings"
	"unicode/utf8"
)

// due finds the due words of a clause; a time that names a thing, 周五的会议, is none.
func (p *chineseSentence) due(c *hanClause) (dueWords, bool) {
	from := c.start
	if head, rest, ok := strings.Cut(c.s, "的话"); ok && utf8.RuneCountInString(rest) > 2 { // 上午付款的话当天就能发出
		from = c.span(p.text, len(head), len(head)+len("的话")).end
	}
	if m := hanOrdered().FindStringSubmatchIndex(c.s); m != nil { // 上午下单当天发货
		from = c.span(p.text, m[2], m[3]).end
	}
	d, ok := p.dueIn(p.text, from, c.end, func(start, end int) bool {
		rest := p.text[end:min(len(p.text), c.end)]
		if strings.HasPrefix(rest, "的") && !strings.HasPrefix(rest, "的时候") {
			return true
		}
		before := p.text[c.start:start]
		return strings.HasSuffix(before, "从") || strings.HasSuffix(before, "自") || strings.HasSuffix(before, "每")
	})
	if ok {
		// 在, 于 and 到 are no part of the time as Chinese says it.
		for _, w := range []string{"的", "在", "于", "於", "到"} {
			if strings.HasPrefix(p.text[d.start:d.end], w) {
				d.start += len(w)
			}
		}
		for _, w := range []string{"左右", "前后", "上下", "之前", "以前", "前", "之内", "内"} { // 十号左右, EOD前
			if strings.HasPrefix(p.text[d.end:c.end], w) {
				d.end += len(w)
			}
		}
		if strings.HasSuffix(p.text[c.start:d.start], "明儿") { // 明儿一早
			d.start -= len("明儿")
		}
		for _, w := range []string{"次日", "第二天", "隔天", "当日"} { // 次日上午: of which day, the words do not say
			if strings.HasSuffix(p.text[c.start:d.start], w) {
				d = dueWords{start: d.start - len(w), end: d.end}
			}
		}
		if m := hanEvent(c.s); m != nil && !hanAfter(c.s) { // 明天开会前
			if e := c.span(p.text, m[0], m[1]); e.start == d.end {
				d = dueWords{start: d.start, end: e.end, due: Due{}}
			}
		}
		return d, true
	}
	if m := hanLatin().FindStringIndex(p.text[c.start:c.end]); m != nil { // EOD前发您
		return dueWords{start: c.start + m[0], end: c.start + m[1]}, true
	}
	if d, ok := p.event(c); ok {
		return d, true
	}
	if strings.ContainsAny(c.s, "多长超出") {
		if m := hanAtMost().FindStringSubmatchIndex(c.s); m != nil { // 最多半个月
			return c.span(p.text, m[4], m[5]), true
		}
	}
	at, found := -1, ""
	for _, w := range hanSoft {
		if i := strings.Index(c.s, w); i >= 0 && (at < 0 || i < at || i == at && len(w) > len(found)) && !strings.Contains(c.s, "一会儿见") && !(strings.HasPrefix(w, "等一") && (utf8.RuneCountInString(c.s) < 6 || startsAny(c.s, "您", "你", "请", "麻烦", "稍"))) {
			at, found = i, w
		}
	}
	if at < 0 {
		return dueWords{}, false
	}
	end := at + len(found)
	for _, w := range []string{"之前", "以前", "前", "之后", "以后", "后"} { // 下节课前
		if strings.HasSuffix(found, "课") && strings.HasPrefix(c.s[end:], w) {
			end += len(w)
			break
		}
	}
	return c.span(p.text, at, end), true
}

// timeless is a clause without its due words, which hold signs of other meanings: 放假前我会…. Words that name no moment, such as
// 马上, say that something is willed and stay.
func (p *chineseSentence) timeless(c *hanClause, s string, due dueWords) string {
	if due.start < c.start || due.end > c.end || due.start >= due.end || due.due.At.IsZero() && hanEvent(c.s) == nil {
		return s
	}
	from, to := -1, len(c.r)
	for i, off := range c.off {
		if off == due.start {
			from = i
		}
		if off == due.end && i <= len(c.r) {
			to = i
		}
	}
	if from < 0 {
		return s
	}
	words := neutral.Replace(string(c.r[from:to]))
	return strings.Replace(s, words, "◇", 1)
}

// before is the clause before i, without what is added to be friendly.
func (p *chineseSentence) before(i int) string {
	if i == 0 {
		return ""
	}
	return strings.TrimRight(p.clauses[i-1].s, "的呀啊哈哦嘞呢了吧")
}

// accepts are clauses that say yes to a request, after which what "I" do is promised.
var accepts = set("行 好 可以 没问题 ok 成 中 收到")

// span is where the bytes [from, to) of a clause's simplified words stand in the sentence as written.
func (c *hanClause) span(text string, from, to int) dueWords {
	first, last := utf8.RuneCountInString(c.s[:from]), utf8.RuneCountInString(c.s[:to])-1
	return dueWords{start: c.off[first], end: c.off[last] + runeLen(text, c.off[last])}
}

func runeLen(s string, i int) int {
	_, w := utf8.DecodeRuneInString(s[i:])
	return w
}

var (
	// a time that an event names: 开完会, 等老板回来, 上线前
	hanEvents = hanPattern(`(等|待)[^我您你]{1,8}?(回来|回国|回公司|上班|开完会|忙完|开门|出来|下来|结束)(了|之后|以后|后)?` +
		`|(开完会|散会|开会|会议|会|下课|上课|下班|上班|手术|会诊|吃完饭|吃饭|忙完这阵子?|忙完这会儿?|忙完|到家|到公司|回公司|回到公司|回到办公室|到办公室|回办公室|出差回来|出差|休假回来|休完假|假期|休假|放假|放完假|收假|展会|活动|培训|面试|年会|直播|搬完家|盘点|升级|检修|回国|回来|下了班|下了课)(结束|完)?(之后|以后|后)` +
		`|(开完会|散了会|吃完饭|忙完这阵子?|忙完这会儿?|忙完|下了班|下了课|下课|散会)` +
		`|(早饭|午饭|晚饭|早餐|午餐|晚餐|饭|午休|放学|开学|休假回来|回去)(之后|以后|后)` +
		`|(春节|过年|元旦|国庆节?|中秋节?|五一|端午节?|清明节?|圣诞节?|双十一|双11|双十二|618|黄金周|元宵节?|节假日|长假|寒假|暑假|假期|年|节)(前后|期间|过后|之前|以前|之后|以后|前|后)` +
		`|(收到货|收到样品|到货)(之后|以后|后|就)` +
		`|到了?(公司|家|单位|厂里|店里|办公室)(之后|以后|后|就)` +
		`|一(到|回)(公司|家|办公室|单位|厂里|店里)` +
		`|(您|你)(们)?(来|到|到货|出发|走|过来|下班|回国|起飞|登机)(之前|以前|前)` +
		`|(上线|开工|发货|出货|交货|装车|天黑|天亮|出发|开会|登机|走|离开|临走|交房|量产|验收|装船|开业|施工|搬家|放假|收工|打烊|关门|闭店|睡觉|睡|离店|退房|开学|上课|开幕|展会|会议|入住|起飞|活动|开庭|发布)(之前|以前|前)`)
	hanAtMost  = hanPattern(`(最多|顶多|最长|不超过|不出|不会超过)((\d+|[一二两三四五六七八九十几半]+)(个)?(分钟|小时|钟头|工作日|天|周|星期|礼拜|月))`)
	hanWaitFor = hanPattern(`^(您|你)?(再|先|请|稍|麻烦)?(等|给)我(们)?(大概|大约|最多)?((\d+|[一二两三四五六七八九十几半]+)(个)?(分钟|小时|钟头|秒))$`)
)

var hanEventSigns = []string{"期间", "散会", "散了会", "下课", "下了", "一到", "一回", "结束", "货就", "到公司", "到了", "到家"}

// hanEvent finds an event in a clause; most have none of its signs, and are spared the pattern.
func hanEvent(s string) []int {
	if !strings.ContainsAny(s, "等待前后完") && !contains(s, hanEventSigns) {
		return nil
	}
	return hanEvents().FindStringIndex(s)
}

// event reads due words that name a time by what happens then. What the reader does first (付款后) is a condition.
func (p *chineseSentence) event(c *hanClause) (dueWords, bool) {
	m := hanEvent(c.s)
	if m == nil || hanAfter(c.s) || hanWait().MatchString(c.s) || contains(c.s, hanConditions) {
		return dueWords{}, false
	}
	if before, _ := utf8.DecodeLastRuneInString(c.s[:m[0]]); strings.ContainsRune("协社机大晚总周", before) {
		return dueWords{}, false
	}
	if contains(c.s[:m[0]], []string{"今后", "以后", "往后"}) { // 今后出货前: whenever that is
		return dueWords{}, false
	}
	if strings.HasSuffix(c.s[:m[0]], "等我") { // 等我忙完
		m[0] -= len("等我")
	}
	return c.span(p.text, m[0], m[0]+len(strings.TrimSuffix(c.s[m[0]:m[1]], "就"))), true
}

// waitFor reads how long the reader is asked to wait for what follows: 等我5分钟.
func (p *chineseSentence) waitFor(c *hanClause) (dueWords, bool) {
	if !strings.ContainsAny(c.s, "等给") {
		return dueWords{}, false
	}
	m := hanWaitFor().FindStringSubmatchIndex(c.s)
	if m == nil || strings.HasPrefix(c.s[m[6]:], "给") {
		return dueWords{}, false
	}
	return c.span(p.text, m[12], m[13]), true
}
