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

	"error.config_slack_secret":  {`{path}:{line}:{column}: {key} is a secret and does not stand here itself. Write env:{variable}, file:PATH or command:WORDS`, `{path}:{line}:{column}：{key} 是密钥，不能直接写在这里。请写 env:{variable}、file:路径 或 command:命令`},
	"error.config_slack_missing": {`{path}:{line}:{column}: Slack needs {key} too. Write {key}: env:{variable}`, `{path}:{line}:{column}：Slack 还需要 {key}。请写 {key}: env:{variable}`},
	"error.config_slack_command": {`{path}:{line}:{column}: "{value}" is no name of a command in Slack. Write a slash and up to 31 small letters, digits or dashes: /kept`, `{path}:{line}:{column}：“{value}”不是 Slack 命令名。请写斜杠加最多 31 个小写字母、数字或连字符：/kept`},
	"error.config_slack_api":     {`{path}:{line}:{column}: "{value}" is no address of Slack's Web API. It is https:// and ends with a slash: https://slack-gov.com/api/. Leave it out for Slack's own`, `{path}:{line}:{column}：“{value}”不是 Slack Web API 的地址。应为以斜杠结尾的 https:// 地址，如 https://slack-gov.com/api/；使用 Slack 官方地址时无需填写`},
	"error.config_slack_listen":  {`{path}:{line}:{column}: in mode http Slack has to reach us. Say where: serve.listen and serve.token, with a web server before it that has https; or write mode: socket`, `{path}:{line}:{column}：http 模式下 Slack 需要能访问到本服务。请设置 serve.listen 与 serve.token，并在前面放置 https 网关；或写 mode: socket`},

	"doctor.slack_up":           {`Slack is connected over {count} sockets[; last sign of life {heard}][; last command {event}]`, `Slack 已通过 {count} 条连接接入[；最近信号 {heard}][；最近命令 {event}]`},
	"doctor.slack_http":         {`Slack posts to this machine[; last command {event}]`, `Slack 通过 HTTP 推送到本机[；最近命令 {event}]`},
	"doctor.slack_idle":         {`kept.yaml has Slack, and no process is in it`, `kept.yaml 配置了 Slack，但没有进程接入`},
	"doctor.slack_idle.hint":    {`Start it: {admin} serve`, `启动：{admin} serve`},
	"doctor.slack_down":         {`Slack is not connected[: {why}]`, `Slack 未接入[：{why}]`},
	"doctor.slack_down.hint":    {`It is tried again by itself, after a wrong token every five minutes. After a change: {admin} serve reload[; last sign of life {heard}]`, `会自动重试；令牌有误时每五分钟一次。修改后：{admin} serve reload[；最近信号 {heard}]`},
	"doctor.slack_trouble":      {`Slack is connected, and something goes wrong[: {why}]`, `Slack 已接入，但有问题[：{why}]`},
	"doctor.slack_trouble.hint": {`Look with {admin} slack check`, `查看：{admin} slack check`},
	"doctor.slack_lost":         {`{lost} answers did not reach Slack since the start`, `启动以来有 {lost} 个答复未能送达 Slack`},
	"doctor.slack_lost.hint":    {`The log of {admin} serve says why`, `原因见 {admin} serve 的日志`},
}
