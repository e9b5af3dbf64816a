package text

// optoutTexts are those of where an opt-out is held.
var optoutTexts = texts{
	"optout.at":                 {`at the connections (marketing by e-mail)`, `各连接（营销邮件）`},
	"optout.line":               {`{connection}: {held}`, `{connection}：{held}`},
	"optout.held.held":          {`knows: {mark}[, put there {at}]`, `已知：{mark}[，于 {at} 写入]`},
	"optout.held.held_theirs":   {`knows: {mark}, put there by its people`, `已知：{mark}，由对方人员设置`},
	"optout.held.waits":         {`does not know yet; the next sync tells it: {admin} sync {connection}`, `尚不知道；下次同步时告知：{admin} sync {connection}`},
	"optout.held.waits_plan":    {`does not know yet; it waits for a plan: {admin} sync --dry-run`, `尚不知道；等待计划：{admin} sync --dry-run`},
	"optout.held.read_only":     {`does not know: it is only read. {admin} connection set {connection} mode=two-way`, `不知道：该连接只读。{admin} connection set {connection} mode=two-way`},
	"optout.held.not_set":       {`does not know; it could hold it: {admin} connection set {connection} optout={offer}`, `不知道；可以这样记录：{admin} connection set {connection} optout={offer}`},
	"optout.held.cannot":        {`cannot hold it: whoever sends from there asks first: {admin} may-contact`, `无法记录：从那里发送前请先询问：{admin} may-contact`},
	"optout.held.lifted":        {`still has {mark}[, put there {at}]; the next sync takes it away: {admin} sync {connection}`, `仍有 {mark}[，于 {at} 写入]；下次同步时去掉：{admin} sync {connection}`},
	"optout.held.lifted_theirs": {`has {mark}, which its people put there: it is taken away there`, `有 {mark}，由对方人员设置：请在对方系统中去掉`},
	"optout.unknown":            {`not known yet at {connections}: {command}`, `{connections} 尚不知道：{command}`},
	"optout.leftover":           {`still held at {connections}: {command}`, `{connections} 仍有记录：{command}`},

	"error.config_optout": {`[{path}:{line}:{column}: ]"{value}" does not say how an opt-out is held. Write tag:no-marketing, field:custom.NAME=VALUE or consent`,
		`[{path}:{line}:{column}：]“{value}”没有说明如何记录拒绝。请写 tag:no-marketing、field:custom.名称=值 或 consent`},
	"error.config_optout_field": {`[{path}:{line}:{column}: ]{type} cannot hold an opt-out as {value}.[ It can as {offer}.] What can be written there: {admin} connection types {type}`,
		`[{path}:{line}:{column}：]{type} 不能以 {value} 记录拒绝。[可以用 {offer}。]可写内容：{admin} connection types {type}`},

	"doctor.connection_optout":      {`{name} ({type}) holds opt-outs as {mark} and is only read: it is never told`, `{name}（{type}）以 {mark} 记录拒绝，但只读：不会被告知`},
	"doctor.connection_optout.hint": {`{admin} connection set {name} mode=two-way`, `设为双向：{admin} connection set {name} mode=two-way`},

	"sync.why.opted_out":     {`opted out`, `拒绝营销`},
	"sync.why.optout_lifted": {`nobody refuses any more`, `已不再拒绝`},
	"sync.optout":            {`opted out[ by {from}][, {at}]`, `拒绝营销[（{from}）][，{at}]`},
	"column.optout":          {`opt-out`, `拒绝标记`},
}
