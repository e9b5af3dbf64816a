package text

// slackTexts are what Slack's transport says to people by itself.
var slackTexts = texts{
	"slack.busy":         {`Too much is asked of me at this moment. Please try again in a minute.`, `现在的请求太多，请一分钟后再试。`},
	"slack.failed":       {`Something broke while I was looking that up, and nothing was changed. Please tell whoever runs Kept: the log of {admin} serve has the place.`, `查询时出了错，没有改动任何内容。请告知 Kept 的管理员：{admin} serve 的日志中有出错位置。`},
	"slack.form_late":    {`The form came too late to be opened: Slack gives it three seconds. Please press once more.`, `表单未能在 Slack 的三秒时限内打开。请再按一次。`},
	"slack.form_refused": {`That was not done. {why}`, `未能完成。{why}`},
	"slack.guest":        {`Guests see no customers here. Please ask a colleague who is a full member of this workspace.`, `访客无法在此查看客户。请找本工作区的正式成员帮忙。`},
	"slack.outside":      {`I answer only people of this company's own workspace. Please ask a colleague there.`, `我只答复本公司工作区的成员。请联系该工作区的同事。`},
	"slack.bot":          {`I answer people, not apps.`, `我只答复人，不答复应用。`},
	"slack.who":          {`Slack does not tell me at this moment who you are, so I show nothing. Please try again in a minute.`, `Slack 暂时无法告诉我您是谁，因此不显示任何内容。请一分钟后再试。`},
	"slack.scope_people": {`Slack does not let me look up who you are, so I show nothing. Please tell whoever runs Kept; what is missing says: {admin} slack check`, `Slack 不允许我查询您是谁，因此不显示任何内容。请告知 Kept 的管理员；缺少什么可查看：{admin} slack check`},
}
