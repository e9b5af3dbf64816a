package text

// toldTexts are those of what rules tell our own people.
var toldTexts = texts{
	"told.rule":           {`[You stand in for {name}. ]{customer}: {why}`, `[您代理 {name}。]{customer}：{why}`},
	"told.over":           {`[You stand in for {name}. ]Nobody has done this yet[, it is {who}'s]: {customer}: {why}`, `[您代理 {name}。]还没有人处理[（由 {who} 负责）]：{customer}：{why}`},
	"told.brief":          {`what we know of them: {kept} brief {customer}`, `客户情况：{kept} brief {customer}`},
	"error.followup_over": {`it was done before the message left`, `在消息发出之前已处理`},
}
