package promise

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// hanClause is a Chinese clause: what stands between two commas.
type hanClause struct {
	s          string // simplified, narrow, without spaces at its ends
	start, end int    // bytes in the sentence as written
	off        []int  // byte in the sentence of each rune of s
	r          []rune
}

// hanSimple maps traditional forms in the words by which promises are recognised; those of due words are in simplified.
var hanSimple = withOld(map[rune]rune{
	'會': '会', '們': '们', '發': '发', '給': '给', '幫': '帮', '馬': '马', '貨': '货', '為': '为', '請': '请', '嗎': '吗', '單': '单', '報': '报', '價': '价',
	'確': '确', '認': '认', '聯': '联', '繫': '系', '讓': '让', '將': '将', '證': '证', '應': '应', '該': '该', '還': '还', '沒': '没', '現': '现', '話': '话',
	'處': '处', '負': '负', '責': '责', '儘': '尽', '盡': '尽', '問': '问', '題': '题', '聽': '听', '說': '说', '麼': '么', '樣': '样', '誰': '谁', '電': '电',
	'辦': '办', '換': '换', '訂': '订', '員': '员', '師': '师', '遞': '递', '復': '复', '覆': '复', '開': '开', '實': '实', '據': '据', '隨': '随',
	'訴': '诉', '補': '补', '貴': '贵', '務': '务', '賠': '赔', '絕': '绝', '對': '对', '許': '许', '議': '议', '與': '与', '無': '无', '經': '经', '剛': '刚',
	'過': '过', '嘗': '尝', '檢': '检', '試': '试', '寫': '写', '簽': '签', '轉': '转', '運': '运', '準': '准', '備': '备', '計': '计', '劃': '划',
})

func (c *context) chineseClaims(text string) []claim {
	p := &chineseSentence{context: c, text: text}
	p.split()
	return p.read()
}

type chineseSentence struct {
	*context
	text    string
	clauses []hanClause
	asked   bool // ends with a question mark, or a word that asks
}

func (p *chineseSentence) split() {
	var cur hanClause
	flush := func(end int) {
		if len(cur.r) > 0 {
			cur.s, cur.end = string(cur.r), end
			cur.start = cur.off[0]
			cur.off = append(cur.off, end)
			p.clauses = append(p.clauses, cur)
		}
		cur = hanClause{}
	}
	depth := 0
	for i := 0; i < len(p.text); {
		r, w := utf8.DecodeRuneInString(p.text[i:])
		n := narrow(r)
		if s, ok := hanSimple[n]; ok {
			n = s
		} else if s, ok := simplified[n]; ok {
			n = s
		}
		n = unicode.ToLower(n)
		switch {
		case r == '“' || r == '「' || r == '『' || r == '《':
			depth++
		case (r == '”' || r == '」' || r == '』' || r == '》') && depth > 0:
			depth--
		}
		colon := n == ':' && !(i > 0 && p.text[i-1] >= '0' && p.text[i-1] <= '9')
		stop := n == '.' && (i == 0 || p.text[i-1] > 0x7f || i+1 == len(p.text))
		switch {
		case n == '?':
			p.asked = true
			flush(i)
		case n == ',' || n == ';' || n == '!' || n == '。' || r == '…' || n == '~' || colon || stop || r == '—' || n == '(' || n == ')':
			flush(i)
		case unicode.IsSpace(r) && len(cur.r) > 0 && unicode.Is(unicode.Han, cur.r[len(cur.r)-1]) && nextHan(p.text[i+w:]):
			flush(i)
		case unicode.IsSpace(r) && len(cur.r) == 0:
		default:
			if depth > 0 && depth < 9 && r != '“' && r != '「' && r != '《' { // what somebody else says, or a title
				n = '〇'
			}
			cur.r, cur.off = append(cur.r, n), append(cur.off, i)
		}
		i += w
	}
	flush(len(p.text))
	if k := len(p.clauses); k > 0 {
		last := p.clauses[k-1].s
		p.asked = p.asked || strings.HasSuffix(last, "吗") || strings.HasSuffix(last, "么") && !strings.HasSuffix(last, "什么") || strings.HasSuffix(last, "呢")
	}
}

func nextHan(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.Han, r)
}

// has says which of the words stands first in s, and where in bytes; -1 when none does.
func first(s string, words []string) (int, string) {
	at, found := -1, ""
	for _, w := range words {
		if i := strings.Index(s, w); i >= 0 && (at < 0 || i < at || i == at && len(w) > len(found)) {
			at, found = i, w
		}
	}
	return at, found
}

func contains(s string, words []string) bool {
	i, _ := first(s, words)
	return i >= 0
}

// read judges the clauses in order: who acted last and what was set as a condition go on from one to the next.
func (p *chineseSentence) read() []claim {
	var out []claim
	who := actorNone
	cond, requested, told := false, false, false // told: asked for what the next clause answers
	spare := dueWords{}                          // a time that stood alone before a comma
	waits := false                               // it is how long the reader is asked to wait
	for i := range p.clauses {
		c := &p.clauses[i]
		s := neutral.Replace(c.s)
		if contains(s, hanUnreal) { // 如果是我，我就退了
			return out
		}
		if hanGiven().MatchString(s) { // 给我三天: asks for nothing but patience
			continue
		}
		if span, ok := p.waitFor(c); ok { // 等我5分钟
			spare, waits = span, true
			continue
		}
		if contains(s, hanConditions) || i < len(p.clauses)-1 && hanWhenever().MatchString(s) || i < len(p.clauses)-1 && hanShouldThere().MatchString(s) || hanOrdered().MatchString(s) || hanAfter(s) || hanBareIf(s, i == len(p.clauses)-1) || i > 0 && hanThenFollows(neutral.Replace(p.clauses[i-1].s), s) {
			cond = true
		}
		if i < len(p.clauses)-1 && startsAny(s, "凡是", "凡", "但凡") || i > 0 && p.sets(i-1) && hanThenFirst().MatchString(s) { // 您今天定下来，我明天就安排
			cond = true
		}
		if i < len(p.clauses)-1 && hanComplete().MatchString(s) && contains(p.clauses[i+1].s, []string{"就", "当天", "马上", "立刻", "立即"}) { // 材料交齐了，当天就能出证
			cond = true
		}
		if i < len(p.clauses)-1 && strings.HasSuffix(s, "的话") { // what it hangs on, and no claim of its own
			cond = true
			continue
		}
		for _, w := range []string{"实在不行", "不行", "不成"} { // 不行我给您换
			if rest, ok := strings.CutPrefix(s, w); ok && startsAny(rest, "我", "就", "咱") {
				cond, s = true, rest
			}
		}
		if hanHandsOver().MatchString(s) || startsAny(s, "您再", "你再", "您先", "你先", "您把", "你把", "您提供", "您告诉", "您发", "提供", "发一下", "报一下", "留一下", "说一下") {
			told = true
			if hanHandsOver().MatchString(s) {
				who = actorNone
				continue
			}
		}
		asks := p.asked && (i == len(p.clauses)-1 || i == len(p.clauses)-2 && hanTag(p.clauses[len(p.clauses)-1].s))
		tag := asks && i == len(p.clauses)-2
		if hanTag(c.s) && i == len(p.clauses)-1 && i > 0 {
			continue
		}
		act, at := hanActor(s)
		if act == actorNone {
			act = who
		} else {
			who = act
		}
		due, dated := p.due(c)
		if dated && utf8.RuneCountInString(c.s) <= utf8.RuneCountInString(p.text[due.start:due.end])+2 {
			spare = due
		} else if (!dated || waits && due.due.At.IsZero()) && spare.end > 0 {
			due, dated = spare, true
		}
		ask := act != actorThird && hanRequest(s, at)
		if ask {
			requested = true
			told = told || toUs(s) || contains(s, []string{"提供", "告诉", "填", "截图", "拍", "留下", "留个", "加我"})
			who = actorNone
			continue
		}
		if asks && !tag || contains(hanCounted.Replace(s), hanAsking) && !contains(s, hanFinding) || hanForceless(s) {
			continue
		}
		if by, said, ok := hanReported(s); ok {
			if by == actorSecond || contains(s, hanPast) || !contains(said, []string{"会", "将"}) {
				continue
			}
			act, s = by, said
		}
		if accepts[p.before(i)] && act == actorFirst && at >= 0 && (contains(s, hanDeeds) || contains(s, hanGiving)) && !strings.ContainsAny(s, "了不没过着") && !contains(s, hanPast) { // 行，那我按您说的改
			s = "一定" + s
		} else if accepts[p.before(i)] && act == actorNone && strings.HasPrefix(s, "那") && contains(s, hanFor) && !strings.ContainsAny(s, "了不没过着") { // 行，那就按这个价给您做
			act, s = actorFirst, "一定"+s
		}
		cl, ok := p.weigh(p.timeless(c, s, due), act, at >= 0, due, dated, requested, cond)
		if !ok {
			if dated && act == actorFirst && at >= 0 { // 我周三去深圳，跟您当面谈
				spare = due
			}
			continue
		}
		if tag {
			cl.weight -= 0.9
		}
		if cl.kind == KindPromise && (cond || requested || told) {
			if requested && !cond && !contains(s, []string{"就", "马上", "立刻", "立即", "再", "好", "来", "即"}) {
				cl.weight -= 0.3
			}
			if cond || told && (due.due.At.IsZero() || contains(s, []string{"就"})) || requested && contains(s, []string{"就", "以便", "即"}) {
				cl.kind = KindConditional
			}
		}
		out = append(out, cl)
	}
	return out
}

// weigh judges one clause whose actor is known.
func (p *chineseSentence) weigh(s string, act actor, said bool, due dueWords, dated, requested, cond bool) (claim, bool) {
	cl := claim{kind: KindPromise, due: due}
	if act == actorSecond || contains(s, hanPast) || contains(s, hanWishes) || hanDone(s, dated) && !hanBareIf(s, true) {
		return cl, false
	}
	if cond {
		s = strings.ReplaceAll(s, "都会", "会")
	}
	if contains(s, hanHabits) && !contains(s, []string{"保证", "承诺"}) && !(contains(s, hanFor) && (contains(s, []string{"起", "开始", "以后", "今后", "往后"}) || strings.HasSuffix(p.text[due.start:due.end], "起") || strings.HasSuffix(p.text[due.start:due.end], "开始"))) {
		return cl, false
	}
	if act == actorFirst && contains(s, []string{"说", "表示"}) && !strings.Contains(s, "我") { // 客服说三天内退款
		return cl, false
	}
	assured := contains(s, []string{"保证", "承诺", "答应您", "答应你", "绝对", "确保", "担保", "绝不", "决不", "一定不会", "肯定不会", "坚决不"})
	thing := act == actorThing
	if act == actorThing && contains(s, hanFor) && !contains(s, []string{"会自动", "快递", "系统"}) { // 货款月初就给您结: the writer does
		act, said = actorFirst, true
	}
	verb := contains(s, hanDeeds)
	give := contains(s, hanGiving)
	help := contains(s, hanFor)
	modal := hanModal(s) || hanSpares().MatchString(s) || verb && said && act == actorFirst && contains(s, []string{"一下", "下哈"}) || dated && said && strings.Contains(s, "就")
	hard := dated && !due.due.At.IsZero()
	limit := hard && (strings.HasSuffix(due.due.Text, "前") || strings.HasSuffix(due.due.Text, "内"))
	if !verb && !give && said && act == actorFirst && (modal || limit || cond && !contains(s, hanHabits)) && !contains(s, hanStates) { // any deed that is willed
		verb = true
		cl.weight -= 0.4
		if !help && !dated && !cond && !assured && !hanFronted().MatchString(s) && !contains(s, []string{"包在", "交给我", "由我", "亲自", "我负责", "算我"}) { // 我去洗个澡
			cl.weight--
			if !strings.Contains(s, "会") && !strings.Contains(s, "一定") {
				cl.weight--
			}
		}
	}
	serves := startsAny(strings.TrimLeft(s, "直接再也都全先就另外顺便重新单独亲自当场多"), "给您", "给你", "帮您", "帮你", "为您", "替您", "退您", "补您", "发您", "寄您") && !contains(s, hanPolite)
	if serves && !dated && strings.HasPrefix(s, "给") && !contains(s[len("给您"):], hanOffering) { // 给你。 is said with the thing in hand
		serves, verb, help = false, false, false
	}
	if !verb && !give && said && act == actorFirst && hanServes().MatchString(s) && !contains(s, hanPolite) { // 这台旧的我们帮您拉走
		verb = true
	}
	if !verb && !give && said && act == actorFirst && (hanFronted().MatchString(s) || contains(s, []string{"请您吃", "请你吃", "请您喝", "请你喝"})) {
		verb = true
	}
	if !verb && !give && said && act == actorFirst && hard && (hanDisposes().MatchString(s) || hanAttends().MatchString(s)) { // 我明天中午把钥匙放在前台
		verb = true
	}
	if !verb && !give && help && (dated || serves) && act != actorThird && act != actorSecond && !contains(s, hanPolite) {
		verb = true
	}
	switch {
	case contains(s, []string{"法保证", "不能保证", "不敢保证", "不保证", "没保证", "难保证"}):
		return cl, false
	case contains(hanWhether.Replace(s), hanNever):
		if (!assured && !hanSpares().MatchString(s)) || act == actorThird {
			return cl, false
		}
		verb = true
	case !verb && !give:
		if assured && act != actorThird && (dated || said) && modal { // 我保证质量
			verb = true
			cl.weight -= 0.6
		} else if help && modal {
			cl.weight -= 0.4
		} else {
			return cl, false
		}
	}
	switch {
	case modal || assured:
		cl.weight += 1.4
	case help && (said || dated || act == actorFirst || startsAny(s, "以后", "今后", "往后")):
		cl.weight += 0.9
	case serves && act != actorThird:
		cl.weight += 0.5
	case hanGivesBack().MatchString(s) && (act == actorNone || act == actorThing):
		cl.weight += 0.6
	case hard:
		cl.weight += 0.5
	case dated:
		cl.weight += 0.7
	case cond && said && act == actorFirst:
		cl.weight += 0.8
	case cond && give && act != actorThird && contains(s, []string{"全额", "免费", "无条件", "一律", "退款", "换新", "赔", "补发"}): // 不满意的话全额退款
		cl.weight += 0.6
	case said && act == actorFirst && (give || verb) && (hanDisposes().MatchString(s) || hanFronted().MatchString(s)): // 这次的损失我们全额赔付
		cl.weight += 0.6
	default:
		return cl, false
	}
	if act == actorFirst && said {
		cl.weight += 0.5
	}
	if help {
		cl.weight += 0.5
	}
	if hard {
		cl.weight += 0.7
	} else if dated {
		cl.weight += 0.2
	}
	if give {
		cl.weight += 0.4
	}
	if contains(s, []string{"可能", "也许", "大概", "说不定", "应该", "或许", "估计", "预计"}) {
		cl.weight -= 0.8
	}
	if contains(s, []string{"打算", "准备", "计划"}) && !help {
		cl.weight -= 0.5
	}
	if contains(s, hanUndated) && !hard && !(dated && strings.Contains(s, "派人")) && !(act == actorThird && strings.Contains(s, "会")) {
		cl.weight -= 3.2
	}
	if act == actorNone && !said && requested && !contains(s, []string{"我", "就", "马上", "立刻"}) {
		return cl, false
	}
	if act == actorThing {
		if !give && !contains(s, []string{"发出", "发货", "寄出", "退", "到账", "处理", "开好", "做好", "安排", "修好", "补"}) || contains(s, []string{"到货", "送达", "抵达", "预计"}) {
			return cl, false
		}
		if !hard && !hanGivesBack().MatchString(s) || contains(s, hanNews) {
			return cl, false
		}
		cl.weight -= 0.6
	}
	if act == actorThird {
		if contains(s, []string{"说", "表示", "答应"}) && !strings.Contains(s, "会") && !strings.Contains(s, "将") {
			return cl, false
		}
		cl.kind = KindThirdParty
		cl.weight -= 0.4
		return cl, true
	}
	if i, w := first(s, []string{"可以", "能够", "能"}); i >= 0 && !contains(s, []string{"一定能", "保证能", "肯定能", "争取", "尽可能", "功能", "只能", "才能", "就能", "以便", "能不能", "尽量"}) {
		before := s[:i]
		if w == "能" && dated && hard && (!help || thing || !said) { // 明天能发货
			cl.weight -= 0.3
			return cl, true
		}
		if help && !hanModal(before) || give && act == actorFirst && said {
			cl.kind = KindConditional
			cl.weight -= 0.2
			return cl, cl.weight > 0
		}
		if cond && w == "可以" && act == actorFirst && said && !contains(s, hanConditions) {
			cl.kind = KindConditional
			return cl, true
		}
		if !hanModal(before) && !hard {
			return cl, false
		}
	}
	return cl, true
}

// hanModal says whether a clause speaks of the future as willed: 会 and its like, where it is no part of a noun.
func hanModal(s string) bool {
	if contains(s, hanModals) {
		return true
	}
	for i, r := range s {
		if r != '会' && r != '将' && r != '来' && r != '去' && r != '再' && r != '就' && r != '先' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch r {
		case '会':
			if !strings.ContainsRune("机社开展年晚约误学协聚例周大董事早午省不国商盛一议工委体", before) && !strings.ContainsRune("议员展计场客面话费期后不", after) {
				return true
			}
		case '将':
			if !strings.ContainsRune("军来近", after) && before != '即' {
				return true
			}
		case '来', '去', '再', '就', '先':
			// 我来处理, 我去问, 我再看看, 我就发, 我先查
			if before == '我' || before == '们' || before == '边' {
				return !(r == '去' && strings.ContainsRune("年过北上广深", after)) && !(r == '来' && strings.ContainsRune("自了说到", after)) && !(r == '就' && strings.ContainsRune("是", after))
			}
		}
	}
	return false
}

// hanActor names who acts in a clause and where in it that is said; -1 when nobody is.
func hanActor(s string) (actor, int) {
	best, act := -1, actorNone
	note := func(i int, a actor) {
		if i >= 0 && (best < 0 || i < best) {
			best, act = i, a
		}
	}
	for _, w := range []string{"我", "咱", "本店", "小店", "本公司", "敝司", "本人", "店里", "这边", "本司", "弊司", "财务", "仓库", "技术部", "技术人员", "售后", "客服", "生产部", "质检", "采购", "物流部", "研发", "技术同事", "财务同事", "仓库同事", "销售同事", "物流同事", "门店同事", "技术支持", "技术团队", "工程部", "品质部", "市场部", "运营", "人事", "前台"} {
		note(subjectAt(s, w), actorFirst)
	}
	for _, w := range []string{"您", "你", "贵司", "贵方", "贵公司", "大家", "各位", "亲"} {
		note(subjectAt(s, w), actorSecond)
	}
	for _, w := range hanThird {
		note(subjectAt(s, w), actorThird)
	}
	note(hanName(s), actorThird)
	for _, w := range hanThings {
		if i := subjectAt(s, w); i <= 12 { // further on it is what is acted upon
			note(i, actorThing)
		}
	}
	if best != 0 && hanLatinName().MatchString(s) && !startsAny(s, "ok", "hi", "hello", "po", "pi", "erp", "crm", "app") { // kevin 会
		return actorThird, 0
	}
	if contains(s, []string{"让我查", "让我看", "让我问", "让我核", "让我想", "容我"}) {
		return actorFirst, strings.Index(s, "我")
	}
	if act == actorNone && (strings.HasPrefix(s, "这样") || strings.HasPrefix(s, "那样") || strings.HasPrefix(s, "这会") || strings.HasPrefix(s, "它") || strings.HasPrefix(s, "这个") || strings.HasPrefix(s, "那个")) {
		return actorThing, 0
	}
	if act == actorSecond {
		rest := s[best:]
		// 您的订单我们明天发, 您放心我会…; 您那边的货: what is yours is a thing.
		if j := max(subjectAt(rest, "我"), subjectAt(rest, "咱")); j > 0 {
			return actorFirst, best + j
		}
		for _, w := range []string{"您的", "你的", "您这", "你这", "您要的", "你要的", "您订的", "您反", "您提", "您问", "您说", "您需要的", "您买的", "您那"} {
			if strings.HasPrefix(rest, w) {
				if contains(rest, hanThird) {
					return actorThird, best
				}
				return actorThing, best
			}
		}
		if strings.HasPrefix(rest, "您好") || strings.HasPrefix(rest, "你好") || strings.HasPrefix(rest, "您放心") || strings.HasPrefix(rest, "你放心") || strings.HasPrefix(rest, "亲") {
			return hanActor(strings.TrimPrefix(strings.TrimPrefix(rest[len(firstRune(rest)):], "好"), "放心"))
		}
	}
	if act == actorThing || act == actorThird {
		if j := subjectAt(s, "我"); j > best && !strings.HasPrefix(s[j:], "我的") { // 合同我明天发您; 快递我来联系
			return actorFirst, j
		}
	}
	if act == actorFirst {
		rest := s[best:]
		for _, w := range []string{"我们的", "我们", "我的", "我司", "我家", "咱们的", "咱们", "我", "财务", "仓库", "售后", "客服", "采购"} {
			if after, ok := strings.CutPrefix(rest, w); ok {
				if hanOwnRoles().MatchString(rest) { // 我们的工程师
					return actorFirst, best
				}
				for _, t := range hanThird {
					if strings.HasPrefix(after, t) {
						return actorThird, best
					}
				}
				if hanName(after) == 0 && w != "我" || hanName(strings.TrimPrefix(after, "的")) == 0 && strings.HasPrefix(after, "的") {
					return actorThird, best
				}
				break
			}
		}
	}
	if act == actorNone {
		if m := hanServes().FindStringIndex(s); m != nil { // 这台旧的我们帮您拉走
			return actorFirst, m[0]
		}
	}
	return act, best
}

func firstRune(s string) string {
	_, w := utf8.DecodeRuneInString(s)
	return s[:w]
}

// subjectAt is where w stands in s as one who acts, rather than to or for whom: not after 给, 帮, 和 and their like.
func subjectAt(s, w string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		if before == '的' && w[:min(3, len(w))] == "我" { // 剩下的我来
			return i
		}
		if !strings.ContainsRune("加给帮跟和找诉系对问发知为向把陪催寄送与替比复交请叫让派排表约谢到达于求等的绍教传还退欠借陈经收扣误亏赔补赠教怪醒助顾护访", before) || i == 0 {
			return i
		}
		if before == '请' && w != "我" || before == '等' {
			return -1
		}
		from = i + len(w)
	}
}

// hanName finds a person by name and title: 王总, 李经理, 小张, 老刘, 陈工, 赵师傅.
func hanName(s string) int {
	for _, t := range []string{"总会", "总将", "经理", "师傅", "主任", "工程师", "老师", "律师", "会计", "厂长", "总监", "主管", "工", "先生", "女士", "小姐", "太太", "姐", "哥", "叔", "阿姨", "校长", "财务", "医生", "护士", "教练", "助理", "秘书", "总"} {
		if i := strings.Index(s, t); i > 0 {
			r, w := utf8.DecodeLastRuneInString(s[:i])
			if strings.ContainsRune(surnames, r) && subjectAt(s[i-w:], string(r)) == 0 {
				if before, _ := utf8.DecodeLastRuneInString(s[:i-w]); !strings.ContainsRune("给跟和找对问向请让与好", before) {
					return i - w
				}
			}
		}
	}
	for _, t := range []string{"小", "老"} {
		for from := 0; ; {
			i := strings.Index(s[from:], t)
			if i < 0 {
				break
			}
			i += from
			r, _ := utf8.DecodeRuneInString(s[i+len(t):])
			before, _ := utf8.DecodeLastRuneInString(s[:i])
			if strings.ContainsRune(surnames, r) && !strings.ContainsRune("给跟和找对问向请让与大中多少的", before) {
				return i
			}
			from = i + len(t)
		}
	}
	return -1
}

const surnames = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文"
