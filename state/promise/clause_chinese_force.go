package promise

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// hanPattern compiles a pattern of simplified Chinese when it is needed first.
func hanPattern(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}

var (
	// what the reader is bound to: 你们应该在月底前付款
	hanDuty = hanPattern(`(您|你|你们|贵司|贵方|贵公司)(们)?(本来)?(应|须|必须|得先|得把|需在|需于|不应|不该|就该|该)`)
	// what one has to do for oneself: 我明天要交房租
	hanMust = hanPattern(`我们?.{0,7}(得|要|必须|需要)(去|交|买|出|上|开|参加|搬|陪|考|看病|回|先跟|先和|跟家|和家|问家)`)
	// what both do together: 咱们明天开个会吧
	hanJoint = hanPattern(`(咱们?|我们|一起|大家).{0,8}(开个?会|聊|谈|见面|见个面|碰|吃个?饭|喝|讨论|商量|沟通|合作|约).{0,6}$`)
	// who says something before what is said: 厂里说下周能出货
	hanSaid = hanPattern(`^([^我]{1,7}?)(说|表示|回复说|回复称|声称|告诉我|跟我说|通知我|答应我|答应过|承诺过|要求我|要求|催我|让我们?|叫我们?|要我们?)`)

	// a condition without a word for it: 钱一到账立马发, 有货了我通知您, 坏了包换, 您付了定金我们排产
	hanOnce    = hanPattern(`(?:^|[^周期拜])(一|只要|刚一)(到账|到货|到|付|签字|签|批准|批下来|确认|通过|下单|收到|定下来|出来|有货|审完).{0,5}(我|就|马上|立马|立刻|立即|当天|即)`)
	hanThen    = hanPattern(`^[^我]{1,12}(了|后|好|完|成|完成|到账|通过|确认)(以后|之后)?(我|咱|就|马上|立马|立刻|立即|当天|当日|隔天|次日)`)
	hanPaid    = hanPattern(`^(您|你|贵司|贵方|贵公司|客户)[^我]{1,8}(了|完|好)[^我]{0,6}(我们?|就)(就|马上|立刻|立即|立马|当天|给|帮|安排|发|派|开始|排|再|可以|来|去)`)
	hanOrdered = hanPattern(`(下单|拍下|付款|订购|签约|交款|打款|到款|付定金)(当天|当日|次日|第二天|隔天|即|就|立即|马上)`)
	// 有任何问题，我们…; what may be there
	hanShouldThere = hanPattern(`^(一旦|若|如)?有(任何|什么|其他|其它|质量).{0,10}$`)
	// a burden that the reader is spared: 不会再收您费用, 不会外传
	hanSpares = hanPattern(`(不会|不再|不另|不额外|绝不|决不)(再|另外|额外|多|让您|让你|对外|向任何人|给任何人|把)?.{0,6}(收您|收你|收费|收取|加价|加收|泄露|外传|透露|外泄|公开|耽误您|耽误你|误您|让您|让你|打扰您|打扰你|骚扰|扣您|扣你|发生|出现)|不收(您|你).{0,6}(费|钱)`)
	// you choose when: 您什么时候想看房，我带您过去
	hanWhenever = hanPattern(`^(您|你)?(们)?.{0,3}(什么时候|啥时候|哪天|几时|何时)[^?]{1,10}$`)
	// the reader hands something over first: 你今天把尺寸发来，明天就能出图
	hanHandsOver = hanPattern(`^(您|你).{0,8}把.{1,12}(发|寄|传|拍|给|交|报|填|说)`)
	// what one stops doing is nobody's gain: 租约到期后我就不续了
	hanCeases = hanPattern(`(我|我们)[^不]{0,4}不[^会].{0,3}了$`)
	// what is dealt with stands first: 运费我们承担
	hanFronted = hanPattern(`^[^我您你]{2,10}(由)?(我们|我司|我这边|我方|我|咱)(来|全额|全部|直接|照单|都|全)?(赔|退|换|付|出|补|包|负责|承担|报销|送|寄|发)`)
	// where one will be: 下周我在北京参加展会
	hanAway = hanPattern(`我(们)?(人)?(都)?在.{1,6}(参加|参展|开会|出差|学习|培训|休假|度假|旅游|过年)`)
	// who does something with a thing: 我把您的需求提给产品
	hanDisposes = hanPattern(`我(们|司|方|这边)?[^他她你您它]{0,6}把`)
	// for whom something is done, whatever it is: 我们帮您拉走
	hanServes = hanPattern(`我(们|司|这边)?[^他她不没了]{0,4}(帮|给|替|[^以认因]为)(您|你)[^了过]{2,}$`)
	// what comes back to the reader: 多收的钱退给您
	hanGivesBack = hanPattern(`^.{2,10}(退|补|赔|还|返)(还|回)?给?(您|你)(们)?(卡上|账上)?$`)
	hanSettled   = hanPattern(`(给您|给你|帮您|帮你|送您|送你).{0,4}(出|包|免|抹|送|留|免单|包邮|抵)了$`)
	hanOrder     = hanPattern(`^[^我请]{0,10}(下单|拍下|付款|付清|确认|回传|寄回|退回|报名|签收|盖章|签字)(的)?$`)
	hanThenWe    = hanPattern(`^(我|我们|我这边|咱|咱们|我司)就(给|帮|把|马上|安排|发|寄|退|可以|能|派|来|去|送|通知|联系|开|出|打)`)
	hanCause     = hanPattern(`您|你|贵|货|款|钱|定金|订金|合同|客户|领导|老板|通过|批|签|付|单|确认|收到|出来|样|图|审|好用`)
	hanWrong     = hanPattern(`(坏|破|碎|丢|少|错|漏|裂|不合适|不满意|不喜欢|不好用|不适合|有问题|出问题|质量问题|有质量|不合格|损坏|缺件).{0,4}(包|可以退|退|换|赔|补|修|重)`)
	hanWait      = hanPattern(`^(等|待|到时|等到).{1,14}(出来|回来|下来|到了|到货|好了|完|了|后|确认|批准|结束|上架|有货|的时候|再)$`)
	hanLatin     = hanPattern(`(?i)\b(asap|eod|cob|eow|eom|next day|same day)\b(之前|以前|前|内)?`)
	hanSoon      = hanPattern(`^.{1,8}一(松口|点头|回来|发话|拍板|敲定|落实|出来|出|到|拿到|批|签|同意|答应|确认|恢复|开门|上班|有消息|有结果|有空|完成|结束|解决|解封|放行|复工|回复)了?$`)
	hanFrom      = hanPattern(`^(单笔|一次)?(超过|满|达到|不少于|买够|凑够|买满)[一二两三四五六七八九十百千万\d]+`)
	hanOwnFolk   = hanPattern(`(问问?|问下|问一下|商量|说|跟|和|找)(一下)?我?(老公|老婆|家人|家里|爱人|媳妇|爸|妈|父母|对象|儿子|女儿)|我(老板|领导|老公|老婆)`)
	hanYourBoss  = hanPattern(`(跟|找|向|给)(你们|您们|贵司|贵公司)(的)?(经理|领导|老板|总部|上级|主管|负责人)`)
	hanLatinName = hanPattern(`^[a-z]{2,12} ?(总|经理)?(明天|后天|今天|下午|周.|下周.?)?(会|将)`)
	// where one will be for the reader: 我在大堂等您
	hanAttends = hanPattern(`(我|我们|咱们).{0,6}在.{1,10}(等|恭候|迎接|接)着?(您|你|大家)`)
	// people of the writer's side without a name
	hanOwnRoles = hanPattern(`^我(们|司|们公司)(的)?(工程师|技术员|专员|设计师|顾问|客户经理)`)
	// what the writer does then: 我明天就安排
	hanThenFirst = hanPattern(`^(我|我们|咱|咱们|我司|我这边).{0,6}(就|马上|立刻|立即|立马)`)
	// what the reader has brought together: 材料交齐了
	hanComplete = hanPattern(`^[^我已]{1,8}(齐|够|满)(了|全了?|之?后|以后)?$`)
	// 发现假货我们赔: what may turn up
	hanDiscovers = hanPattern(`^(如?发现|查到|查出|碰到|遇到).{1,8}(我们|我司|本店|我)(.{0,4})(赔|退|换|处理|解决|负责|承担|补)`)
	// what follows at once: 我到了公司就把章盖好
	hanThenDoes = hanPattern(`^[^已]{0,6}就(把|给|去|来|马上|立刻|立即|安排|发|寄|打|通知|联系|回|过去|能|可以|会|帮|送)`)
	hanThenHead = hanPattern(`^(您|你|贵司|贵方)(们)?(今天|明天|今晚|下周|这边|那边|先|只要|尽管|一)?.*(下来|下单|付|签|定|发|寄|给|报|提交|过来|决定|确认|选|填)`)
	hanGiven    = hanPattern(`给我(们)?(一|两|二|三|四|五|六|七|八|九|十|半|几|\d)+(个)?(小时|天|周|工作日|分钟|星期|月|点时间)`)
)

// hanWhether takes out questions that hold a no: 能不能.
var hanWhether = strings.NewReplacer("能不能", "能", "会不会", "会", "是不是", "是", "要不要", "要", "可不可以", "可以", "行不行", "行")

// hanCounted takes out counts of days that ask nothing: 几天后.
var hanCounted = strings.NewReplacer("几天后", "", "几天之后", "", "几天内", "", "几天之内", "", "这几天", "", "近几天", "", "过几天", "", "前几天", "", "几天就", "就", "好几天", "", "几天时间", "")

// sets says whether the clause tells what the reader does first, by which the next hangs on it: 您今天定下来.
func (p *chineseSentence) sets(i int) bool {
	s := neutral.Replace(p.clauses[i].s)
	return startsAny(s, "您", "你", "贵司", "贵方") && utf8.RuneCountInString(s) >= 4 && hanThenHead().MatchString(s) &&
		!contains(s, []string{"的", "已", "放心", "好", "看", "说", "知道", "辛苦", "稍等", "等", "是", "很", "太", "不", "没", "过", "什么", "吗", "反映", "提到"})
}

// hanThreats are what an angry customer will do.
var hanThreats = []string{"投诉", "起诉", "报警", "差评", "曝光", "打官司", "12315", "拉黑", "走法律", "法律途径", "维权", "消协", "再也不", "不买了", "退出合作", "停止服务", "暂停服务", "终止合作", "停止供货", "停止合作", "追究", "滞纳金", "找别家", "换别家", "换供应商"}

// hanNews are things of which one tells when they will be there, and owes nobody anything.
var hanNews = []string{"新品", "新款", "新版", "活动", "门店", "课程", "航班", "价格", "发布", "上市", "上线", "停产"}

// hanPolite are what one says rather than does: 给您添麻烦, 给您拜年, 为您服务.
var hanPolite = []string{"麻烦", "带来", "拜年", "造成", "服务", "道歉", "赔不是", "赔礼", "问好", "请安", "点赞", "加油", "祝", "打扰", "不便"}

// hanUnreal are conditions that were not met.
var hanUnreal = []string{"如果是我", "要是我是", "换作是我", "换做是我", "换成是我", "我要是您", "我要是你", "我是您", "我是你", "如果我是", "早知道", "早说", "早点告诉", "要是早", "当初", "要是当时", "如果当时", "早一点说", "本该", "原本", "要不是"}

// hanForceless says that a clause binds nobody of the writer's side, whatever it speaks of: the reader's duty, an errand of one's own,
// something to do together, a threat, what might have been.
func hanForceless(s string) bool {
	switch help := contains(s, hanFor); {
	case contains(s, hanThreats) && !contains(s, []string{"处理", "您的投诉", "你的投诉", "跟进", "避免"}), contains(s, hanUnreal):
		return true
	case !help && hanOwnFolk().MatchString(s), hanYourBoss().MatchString(s), contains(s, []string{"在等", "还等", "等着"}), !help && contains(s, []string{"试试", "试一下", "试一试", "看一下时间", "看下时间", "看看时间", "看看日程", "接孩子", "送孩子", "带孩子", "接娃", "去医院", "看医生", "买菜", "做饭", "健身", "理发", "遛狗"}):
		return true
	case !help && strings.Contains(s, "我") && contains(s, []string{"申请退款", "问退款", "要求退款", "问退货", "申请退货", "要求赔"}):
		return true
	case hanDuty().MatchString(s), !help && hanAway().MatchString(s), hanCeases().MatchString(s) && !help, strings.HasPrefix(s, "听") && strings.Contains(s, "说"):
		return true
	case strings.Contains(s, "会有") && !help && !strings.Contains(s, "我"): // 期间会有噪音
		return true
	case strings.HasPrefix(s, "再不"), strings.HasPrefix(s, "下次") && !help:
		return true
	case hanJoint().MatchString(s) && (strings.HasSuffix(s, "吧") || strings.Contains(s, "咱") || strings.Contains(s, "一起")):
		return true
	case !help && hanMust().MatchString(s) && !contains(s, []string{"把", "发货", "寄给", "发给"}):
		return true
	case contains(s, []string{"打算", "准备", "计划", "想"}) && strings.Contains(s, "我") && !help && !contains(s, hanShipping):
		return true
	}
	return false
}

// hanShipping are deeds that are done for customers even if nobody says so.
var hanShipping = []string{"发货", "交货", "寄", "发出", "发给", "出货", "交付", "付款", "打款", "退款", "补发", "上门", "派", "安装", "开票", "送货", "报价", "回复", "更新", "安排", "发您", "发你"}

// hanReported is the actor of what somebody is said to have said, and what was said; ok is false where nobody is.
func hanReported(s string) (act actor, said string, ok bool) {
	m := hanSaid().FindStringSubmatchIndex(s)
	if m == nil {
		return actorNone, "", false
	}
	who := s[m[2]:m[3]]
	if r, _ := utf8.DecodeLastRuneInString(who); strings.ContainsRune("再听话不没来小假据虽比按照跟和向对给", r) {
		return actorNone, "", false
	}
	if strings.Contains(who, "您") || strings.Contains(who, "你") || strings.Contains(who, "贵") {
		return actorSecond, s[m[5]:], true
	}
	return actorThird, s[m[5]:], true
}

// hanBareIf says whether a clause holds a condition, or is one, that no word marks. alone says that no other clause follows.
func hanBareIf(s string, alone bool) bool {
	switch {
	case hanOnce().MatchString(s), hanWrong().MatchString(s), hanFrom().MatchString(s) && !strings.Contains(s, "了"), !alone && hanSoon().MatchString(s):
		return true
	case hanDiscovers().MatchString(s):
		return true
	case !alone && hanOrder().MatchString(s) && !contains(s, []string{"已", "了", "麻烦", "希望", "记得"}):
		return true
	case !alone && hanWait().MatchString(s) && !strings.HasPrefix(s, "等我") && !strings.HasPrefix(s, "等下"):
		return true
	}
	if hanPaid().MatchString(s) {
		return true
	}
	if m := hanThen().FindStringSubmatchIndex(s); m != nil {
		head := s[:m[2]]
		if strings.HasSuffix(head, "到货") && !strings.ContainsAny(head, "您你") { // goods come to the writer: no deed of the reader's
			return false
		}
		return hanCause().MatchString(head) && !strings.Contains(head, "已") && !hanDayOnly(head)
	}
	return false
}

// hanThenFollows says whether a clause answers the one before it as a consequence does: 合同盖章回传，我就给您发账号.
func hanThenFollows(before, s string) bool {
	return hanThenWe().MatchString(s) && utf8.RuneCountInString(before) >= 4 && !contains(before, []string{"我", "咱", "放心", "没问题", "好", "可以", "今天", "明天", "今晚", "明早", "已", "了解"})
}

// hanDayOnly says whether a head names nothing but when: 下班后我…, 三天后我….
func hanDayOnly(s string) bool {
	return contains(s, []string{"下班", "开会", "会议", "吃饭", "放假", "春节", "国庆", "元旦", "天", "周", "月", "小时", "分钟"})
}
