package text

// slackCheckTexts are those of the app's manifest and of its check.
var slackCheckTexts = texts{
	"slack.description": {`Kept: who the customer is, what was promised, and what is due`, `Kept：客户是谁、承诺了什么、该做什么`},
	"slack.about": {`Kept keeps one history per customer and every promise that was made to them. Ask {kept} brief and a name before a meeting; log a promise from a message; be reminded before it is due. Answers are for you alone unless you share them, and what you see follows your role. Kept reads no messages but those that you send to it.`,
		`Kept 为每位客户保存一份历史和所有承诺。会前输入 {kept} brief 加名字；从消息中记录承诺；到期前会提醒您。除非您分享，回答只有您能看到，所见内容取决于您的角色。除了您发给 Kept 的内容，Kept 不读取任何消息。`},
	"slack.command":                    {`Customers, their history, promises and follow-ups`, `客户、历史、承诺与跟进`},
	"slack.shortcut.log_promise":       {`Log as promise`, `记为承诺`},
	"slack.shortcut.log_promise.about": {`Keep what this message promises to a customer, with its words and date`, `记录此消息对客户的承诺，包括原话和日期`},
	"slack.shortcut.add_history":       {`Add to history`, `加入历史`},
	"slack.shortcut.add_history.about": {`Put this message into a customer's history`, `把此消息放入客户的历史`},

	"checked.slack_bot_token": {`the bot token is accepted[ by {team}][; the app is @{bot}]`, `机器人令牌有效[，工作区 {team}][；应用为 @{bot}]`},
	"checked.slack_scopes":    {`the app has all scopes that it needs[; and beside them, not needed: {beside}]`, `应用具备所需的全部权限[；另有多余的：{beside}]`},
	"checked.slack_socket":    {`Socket Mode opens with the app token`, `应用令牌可以打开 Socket Mode`},

	"checked.slack_manifest": {`the app is as its manifest says`, `应用与清单一致`},

	"error.slack_scopes_missing": {"The app lacks scopes: {scopes}\napi.slack.com/apps > Kept > App Manifest: paste what {admin} slack manifest prints, save, then Install App > Reinstall to Workspace",
		"应用缺少权限：{scopes}\napi.slack.com/apps > Kept > App Manifest：粘贴 {admin} slack manifest 的输出并保存，然后 Install App > Reinstall to Workspace"},
	"error.slack_token_refused": {"Slack does not take the {token%slacktoken.}[: {why}]\n{token%slackwhere.}", "Slack 不接受{token%slacktoken.}[：{why}]\n{token%slackwhere.}"},
	"error.slack_token_kind":    {"This is not the {token%slacktoken.} that is needed, or it may not do what is asked[: {why}]\n{token%slackwhere.}", "这不是所需的{token%slacktoken.}，或权限不足[：{why}]\n{token%slackwhere.}"},
	"error.slack_limited":       {`Slack asks to slow down. Try again in a minute`, `Slack 要求放慢速度。请一分钟后重试`},
	"error.slack_unreachable":   {`Slack cannot be reached. Is this machine online, and may it reach slack.com? Then try again`, `无法连接 Slack。请检查网络以及能否访问 slack.com，然后重试`},
	"error.slack_drift": {"The app at Slack differs from its manifest: {paths}[ and {more} more]\napi.slack.com/apps > Kept > App Manifest: paste what {admin} slack manifest prints, and save",
		"Slack 中的应用与清单不同：{paths}[ 等，另有 {more} 处]\napi.slack.com/apps > Kept > App Manifest：粘贴 {admin} slack manifest 的输出并保存"},
	"error.slack_not_set_up": {`Slack is not set up: kept.yaml has no slack: section. Begin with: {admin} slack manifest; the guide is docs/guides/slack.md`, `尚未设置 Slack：kept.yaml 没有 slack: 部分。请从 {admin} slack manifest 开始；指南见 docs/guides/slack.md`},
	"error.slack_url":        {`"{value}" is no address under which Slack could reach Kept. Write for example https://kept.example.com`, `“{value}”不是 Slack 可以访问的地址。请写例如 https://kept.example.com`},

	"slacktoken.bot_token":    {`bot token`, `机器人令牌`},
	"slacktoken.app_token":    {`app token`, `应用令牌`},
	"slacktoken.config_token": {`configuration token`, `配置令牌`},
	"slackwhere.bot_token":    {`api.slack.com/apps > Kept > Install App: copy the Bot User OAuth Token (xoxb-...) to where slack.bot_token in kept.yaml points`, `api.slack.com/apps > Kept > Install App：复制 Bot User OAuth Token（xoxb-...）到 kept.yaml 中 slack.bot_token 指向的位置`},
	"slackwhere.app_token":    {`api.slack.com/apps > Kept > Basic Information > App-Level Tokens: make one with connections:write (xapp-...), and put it where slack.app_token in kept.yaml points`, `api.slack.com/apps > Kept > Basic Information > App-Level Tokens：创建带 connections:write 的令牌（xapp-...），放到 kept.yaml 中 slack.app_token 指向的位置`},
	"slackwhere.config_token": {`api.slack.com/apps > Your App Configuration Tokens: make one for the workspace; it lives for 12 hours`, `api.slack.com/apps > Your App Configuration Tokens：为工作区创建一个；有效期 12 小时`},
}
