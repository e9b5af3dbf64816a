package text

// outboxTexts are those of messages that Kept sends.
var outboxTexts = texts{
	"error.outgoing_key":  {`A message was not queued: its occasion has no name, or one of {bytes} bytes. This is a mistake in Kept; please report it`, `消息未加入发件箱：其缘由没有名称，或名称长达 {bytes} 字节。这是 Kept 的错误，请报告`},
	"error.outgoing_to":   {`The message for {key} was not queued: it says nothing of whom it is for, or why. This is a mistake in Kept; please report it`, `{key} 的消息未加入发件箱：未说明收件人或用途。这是 Kept 的错误，请报告`},
	"error.outgoing_text": {`The message for {key} was not queued: it has no text, or far too much. If a template of yours makes it, look there: {admin} config show`, `{key} 的消息未加入发件箱：没有正文，或正文过长。如果它来自您的模板，请检查：{admin} config show`},

	"export.messages": {`Messages that Kept sent, or has for them`, `Kept 已发送或待发送的消息`},

	"outgoing.waiting": {`waiting`, `等待中`},
	"outgoing.sending": {`being sent`, `发送中`},
	"outgoing.sent":    {`sent`, `已发送`},
	"outgoing.refused": {`refused`, `被拒绝`},
	"outgoing.failed":  {`failed`, `失败`},
	"outgoing.unsure":  {`unsure`, `不确定`},
	"outgoing.dropped": {`dropped`, `已放弃`},
}
