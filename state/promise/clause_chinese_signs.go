package promise

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// hanRequest says whether a clause asks the reader to act; at is where its actor stands.
func hanRequest(s string, at int) bool {
	i, w := first(s, hanRequests)
	if i < 0 {
		return toUs(s) && !contains(s[:max(at, 0)], []string{"我"}) && !startsFirst(s)
	}
	if at >= 0 && at < i && startsFirst(s[at:]) && !(w == "麻烦" || w == "希望" || w == "建议" || w == "需要您" || w == "需要你") { // 我请同事…
		return false
	}
	return true
}

func startsFirst(s string) bool {
	i := subjectAt(s, "我")
	return i >= 0 && i <= 12
}

func startsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s, w) })
}

func toUs(s string) bool {
	return contains(s, []string{"给我", "发我", "寄我", "告诉我", "联系我", "通知我", "回复我", "告知我", "提醒我", "加我", "找我", "问我", "帮我", "跟我说", "和我说", "跟我讲", "和我讲", "跟我们说", "吱一声", "吱声"})
}

// hanAfter says whether a clause names what the reader must do first: 您付款后, 收到定金之后, 等您确认.
func hanAfter(s string) bool {
	if hanAttends().MatchString(s) {
		return false
	}
	if contains(s, []string{"等您", "等你", "待您", "待你", "款到", "款一到", "一签", "一付", "一批准", "一批下来", "一确认", "一过审", "一定下", "您一确认", "您一付", "您一签", "您一下单", "一到账", "一到货", "见款"}) {
		return true
	}
	if contains(s, []string{"到货后", "到货了", "到货之后", "到货就"}) && (!strings.Contains(s, "我") && !strings.HasPrefix(s, "到货") || contains(s, []string{"您到货", "你到货"})) {
		return true
	}
	for _, w := range []string{"付款", "付清", "下单", "打款", "转账", "汇款", "交款", "注册", "提交", "验收", "审核", "审批", "报名", "交押金", "确认", "签字", "签约", "签合同", "签回", "盖章", "到账", "定金", "货款", "尾款", "通过", "回传", "拍下", "提供", "同意", "支付", "您的地址", "您的回复", "您的资料", "退回"} {
		if i := strings.Index(s, w); i >= 0 {
			rest := s[i+len(w):]
			for _, a := range []string{"后", "之后", "以后", "完", "了就", "好了", "了我"} {
				if strings.HasPrefix(rest, a) {
					return true
				}
			}
			if contains(rest, []string{"后我", "后就", "后马", "后立", "后尽", "后给", "后安"}) {
				return true
			}
		}
	}
	// 贵司确认图纸后, 等领导批了, 寄回旧件后我们…
	head, _, found := strings.Cut(s, "后我")
	if !found {
		head, found = strings.CutSuffix(s, "后")
		found = found && !strings.HasSuffix(head, "售") && !strings.HasSuffix(head, "今")
		head = strings.TrimSuffix(strings.TrimSuffix(head, "之"), "以")
	}
	if found && contains(head, []string{"您", "你", "贵", "款", "定金", "合同", "签", "确认", "批", "同意", "客户"}) {
		return true
	}
	if strings.HasPrefix(s, "等") && !strings.HasPrefix(s, "等我") && (strings.HasSuffix(s, "了") || strings.HasSuffix(s, "后") || strings.HasSuffix(s, "完") || strings.HasSuffix(s, "好")) {
		return true
	}
	i, _ := first(s, []string{"收到您", "收到你", "收到货款", "收到定金", "收到款", "收到尾款", "收到回"})
	return i >= 0 && contains(s[i:], []string{"后", "就", "马上", "立"}) && !contains(s, []string{"已收到", "已经收到"})
}

// hanDone says whether a clause tells what is done: 发了, 处理好了, 联系过.
func hanDone(s string, dated bool) bool {
	if hanSettled().MatchString(s) && !contains(s, []string{"已", "刚", "昨", "前天", "上"}) { // 运费我给您出了
		return false
	}
	if contains(s, []string{"保证", "一定", "就好了"}) && !contains(s, []string{"已"}) {
		return false
	}
	for _, w := range []string{"了", "过"} {
		for from := 0; ; {
			i := strings.Index(s[from:], w)
			if i < 0 {
				break
			}
			i += from
			from = i + len(w)
			head := s[:i]
			tail := s[from:]
			if w == "了" && (startsAny(tail, "给您", "给你") && contains(tail, hanGiving) || strings.HasPrefix(tail, "◇") && contains(tail, hanGiving) || utf8.RuneCountInString(head) <= 3 && strings.Contains(tail, "我") || hanThenDoes().MatchString(tail) || strings.HasPrefix(tail, "解") || strings.HasPrefix(tail, "再") || strings.HasPrefix(tail, "就") || strings.HasPrefix(tail, "之后") || strings.HasPrefix(tail, "我")) ||
				strings.HasSuffix(head, "为") || w == "过" && (strings.HasPrefix(tail, "去") || strings.HasPrefix(tail, "来") || strings.HasPrefix(tail, "几") ||
				strings.HasPrefix(tail, "两") || strings.HasPrefix(tail, "一") || strings.HasPrefix(tail, "程") || strings.HasSuffix(head, "不") || strings.HasSuffix(head, "通") || i == 0) {
				continue
			}
			if hanModal(head) || dated && contains(head, []string{"就", "前", "内"}) {
				continue
			}
			if w == "过" && !endsInDeed(head) {
				continue
			}
			return true
		}
	}
	return false
}

func endsInDeed(s string) bool {
	for _, list := range [][]string{hanDeeds, hanGiving} {
		if slices.ContainsFunc(list, func(w string) bool { return strings.HasSuffix(s, w) }) {
			return true
		}
	}
	return false
}

// hanTag says whether a clause only asks for consent to what was said: 可以吗, 您看行吗.
func hanTag(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "您看"), "你看")
	switch s {
	case "好吗", "好不好", "可以吗", "行吗", "行不行", "可以不", "怎么样", "如何", "ok吗", "ok", "好么", "可以么", "行么", "这样可以吗", "这样行吗", "可不可以", "方便吗", "没问题吧", "这样好吗", "来得及吗":
		return true
	}
	return false
}
