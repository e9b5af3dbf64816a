package text

// digestTexts are those of what our own people are told by Kept itself: digests, reminders, questions,
// and how each of them wants it.
var digestTexts = texts{
	"error.slack_missing":   {`messages to Slack wait: kept.yaml has no slack section here, or kept serve, which sends them, does not run: {admin} serve`, `发往 Slack 的消息正在等待：此处 kept.yaml 没有 slack 部分，或负责发送的 kept serve 未运行：{admin} serve`},
	"error.reminder_over":   {`it was done or moved before the reminder left`, `在提醒发出之前已完成或改期`},
	"error.question_over":   {`it was answered before it left`, `在发出之前已有答复`},
	"error.notice_unsure":   {`it may have arrived, and is not repeated`, `可能已送达，不再重复发送`},
	"error.notice_repeated": {`it may have arrived; it goes once more, and says so`, `可能已送达；将再发送一次并注明`},

	"failed.slack_missing": {`nothing sends to Slack here`, `此处没有发往 Slack 的通道`},
	"did.outbox.chat":      {`saw whether messages can go to Slack`, `检查是否可发往 Slack`},

	"doctor.outlet":      {`Messages do not leave over {name}: {why}`, `消息无法经 {name} 发出：{why}`},
	"doctor.outlet.hint": {`what waits: {admin} outbox`, `查看等待的消息：{admin} outbox`},
}
