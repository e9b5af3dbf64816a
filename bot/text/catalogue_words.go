package text

// wordTexts say what the daily words and their options are for, in a line.
var wordTexts = texts{
	"word.find":      {`find customers by name, e-mail, phone, company, order number or tag`, `按姓名、邮箱、电话、公司、订单号或标签查找客户`},
	"word.brief":     {`what to know before a meeting, on one page`, `会面前需要知道的一切，一页看完`},
	"word.history":   {`everything that happened with a customer, newest first`, `与客户的全部往来，最新的在前`},
	"word.note":      {`write a note into a customer's history`, `在客户历史中写一条备注`},
	"word.who":       {`who answers for a customer, and whom to ask today`, `谁负责这位客户，今天该问谁`},
	"word.promises":  {`what was promised, late first`, `承诺清单，逾期的在前`},
	"word.promise":   {`log a promise, close it, or give it a new date`, `记录、了结或改期一项承诺`},
	"word.questions": {`what waits for a person to decide`, `等待人来决定的问题`},
	"word.answer":    {`answer a question`, `回答一个问题`},
	"word.assign":    {`give a customer an owner`, `为客户指定负责人`},

	"option.limit":           {`show at most so many`, `最多显示多少条`},
	"option.history.since":   {`only what happened since this date`, `只看此日期之后`},
	"option.history.only":    {`only one kind: order, refund, shipment, message, call, meeting, note, promise, consent`, `只看一种：订单、退款、发货、消息、电话、会面、备注、承诺、联系许可`},
	"option.history.full":    {`texts in full`, `显示全文`},
	"option.note.kind":       {`note, call or meeting`, `备注、电话或会面`},
	"option.note.at":         {`when it was, if not now`, `发生的时间，默认为现在`},
	"option.promises.late":   {`only those that are late`, `只看逾期的`},
	"option.promises.by":     {`of one of us by name, or rep: each of us`, `某位同事的，或 rep：逐人列出`},
	"option.promises.ours":   {`only what we promised`, `只看我们的承诺`},
	"option.promises.theirs": {`only what they promised`, `只看对方的承诺`},
	"option.promises.all":    {`closed ones too`, `包括已了结的`},
	"option.promise.by":      {`who of us promised, if not you`, `由哪位同事承诺，默认是您`},
	"option.promise.theirs":  {`the customer promised it to us`, `这是客户对我们的承诺`},
	"option.promise.note":    {`why it was closed`, `了结的原因`},
	"option.questions.from":  {`only those of a file or a connection`, `只看某个文件或连接的`},
	"option.questions.kind":  {`only one kind: match, row, organisation, promise, promise_done, conflict, staff, stop, write_lost, message_ask, message_lost, message_failed`, `只看一种：match、row、organisation、promise、promise_done、conflict、staff、stop、write_lost、message_ask、message_lost、message_failed`},
}

// usageTexts tell somebody who left something out what is missing.
var usageTexts = texts{
	"error.usage":   {"Something is missing. How to use it:\n{usage}", "缺少内容。用法：\n{usage}"},
	"error.no_word": {`What do you want to know? All words: {kept} help`, `您想知道什么？全部命令：{kept} help`},
	"usage.find":    {"Find whom? A name, e-mail, phone, company, order number or tag:\n{usage}", "查找谁？姓名、邮箱、电话、公司、订单号或标签：\n{usage}"},
	"usage.brief":   {"About whom?\n{usage}", "关于谁？\n{usage}"},
	"usage.history": {"Whose history?\n{usage}", "谁的历史？\n{usage}"},
	"usage.note":    {"A note needs a customer and a text:\n{usage}", "备注需要客户和文字：\n{usage}"},
	"usage.promise": {"A promise needs a customer and what was promised; or a number and what became of it:\n{usage}", "承诺需要客户和内容；或编号和结果：\n{usage}"},
	"usage.answer":  {"Which question, and what is the answer? Those that wait: {kept} questions\n{usage}", "回答哪个问题？答案是什么？待答的问题：{kept} questions\n{usage}"},
	"usage.assign":  {"Which customer, and who of us?\n{usage}", "哪位客户？由谁负责？\n{usage}"},
}
