package text

// promiseTexts are those of promises that were found, closed by evidence, and counted.
var promiseTexts = texts{
	"question.promise":             {`Did {by} promise {a} this?`, `{by}对 {a} 作出过这项承诺吗？`},
	"question.promise_theirs":      {`Did {a} promise this?`, `{a} 作出过这项承诺吗？`},
	"question.promise_done":        {`Is this kept: {by} to {a}?`, `这项承诺兑现了吗：{by}对 {a}？`},
	"question.promise_done_theirs": {`Is this kept by {a}?`, `{a} 兑现了这项承诺吗？`},
	"question.due":                 {`due {due}`, `到期：{due}`},
	"question.no_due":              {`no date`, `无日期`},
	"question.conditional":         {`if something happens first`, `有前提条件`},
	"question.for":                 {`asked of {name}`, `询问对象：{name}`},
	"question.hidden":              {`found in a mailbox that is not yours`, `来自他人的邮箱`},
	"question.lapsed":              {`no longer asked`, `不再询问`},
	"question.waiting":             {`waits for another day`, `改日再问`},
	"questions.others":             {`{n#question|questions} about promises put to others ({names}): {kept} questions --all`, `另有 {n#个承诺问题}由他人回答（{names}）：{kept} questions --all`},

	"evidence.said_in_mail":       {`mail from {from}[, {at@}][: “{subject}”]`, `{from}的邮件[，{at@}][：“{subject}”]`},
	"evidence.said_in_note":       {`{kind%kind.}[ by {by}][, {at@}]`, `{kind%kind.}[，{by}][，{at@}]`},
	"evidence.kept_with_mail":     {`mail from {from}[, {at@}][: “{subject}”][, with {file}]`, `{from}的邮件[，{at@}][：“{subject}”][，附件 {file}]`},
	"evidence.kept_with_note":     {`{kind%kind.}[ by {by}][, {at@}]`, `{kind%kind.}[，{by}][，{at@}]`},
	"evidence.kept_with_shipment": {`order {order} left[, {at@}][, {connection}]`, `订单 {order} 已发货[，{at@}][，{connection}]`},
	"evidence.kept_with_order":    {`order {order} was placed[, {at@}][, {connection}]`, `已下订单 {order}[，{at@}][，{connection}]`},
	"evidence.words_corrected":    {`words corrected[ by {by}]; found were: “{said}”`, `文字已更正[，{by}]；原文：“{said}”`},
	"evidence.proof_gone":         {`open again[, {at@}]: what it was closed by was deleted`, `重新打开[，{at@}]：了结它的依据已被删除`},

	"did.promised":              {`Promise {promise} is on record: {name} {number}.`, `承诺 {promise} 已记录：{name} {number}。`},
	"did.promised_done":         {`Promise {promise} is on record, and kept: {name} {number}.`, `承诺 {promise} 已记录并兑现：{name} {number}。`},
	"did.no_promise":            {`It is none, and is not asked about again.`, `不是承诺，今后不再询问。`},
	"did.promise_kept":          {`Promise {promise} is kept.`, `承诺 {promise} 已兑现。`},
	"did.promise_open":          {`Promise {promise} stays open, and is not asked about with this again.`, `承诺 {promise} 仍未了结，今后不再以此询问。`},
	"did.promise_closed_before": {`Promise {promise} was closed meanwhile.`, `承诺 {promise} 此前已了结。`},
	"did.promise.watch":         {`read for promises`, `查找承诺`},
	"did.promise.ask":           {`asked about promises`, `询问承诺`},

	"promise.agreed":        {`agreed`, `对方同意`},
	"promise.proof":         {`kept with`, `依据`},
	"promise.closed_said":   {`said {name}`, `{name}确认`},
	"promise.closed_itself": {`closed by itself`, `自动了结`},
	"promises.by":           {`{name}: {n#promise|promises}, {late#} late`, `{name}：{n#项承诺}，逾期 {late#}`},

	"health.title":       {`{n#promise|promises} made[ since {since}], {late#} late now`, `[自 {since} 起]共承诺 {n#项}，现逾期 {late#}`},
	"health.none":        {`Nothing was promised.`, `没有承诺。`},
	"health.made":        {`made`, `作出`},
	"health.in_time":     {`kept in time`, `按时兑现`},
	"health.kept_late":   {`kept late`, `迟兑现`},
	"health.not_kept":    {`not kept`, `未兑现`},
	"health.open":        {`open`, `未了结`},
	"health.late":        {`late`, `逾期`},
	"health.rest":        {``, ``},
	"health.all":         {`all`, `合计`},
	"health.by_evidence": {`{n#} closed by evidence`, `凭依据了结 {n#}`},
	"health.moved":       {`{n#} moved, {agreed#} agreed`, `改期 {n#}，其中对方同意 {agreed#}`},
	"health.withdrawn":   {`{n#} withdrawn`, `撤回 {n#}`},
	"health.each":        {`For each of us: {kept} promises --health --by rep`, `按承诺人：{kept} promises --health --by rep`},

	"conflicts.title": {`{n#contradiction|contradictions} in what we promised`, `我们的承诺有 {n#处矛盾}`},
	"conflicts.none":  {`Nothing that we promised contradicts anything else.`, `我们的承诺没有矛盾。`},
	"conflicts.price": {`two prices for {thing}`, `{thing} 有两个价格`},
	"conflicts.date":  {`two dates for {thing}`, `{thing} 有两个日期`},
	"conflicts.next":  {`One does not hold? {kept} promise {number} withdrawn`, `其中一项不再有效？{kept} promise {number} withdrawn`},

	"watch.two_prices": {`two prices are out for {thing}: {price_a$} ({by_a}, {on_a@}) and {price_b$} ({by_b}, {on_b@}): {a}, {b}`, `{thing} 有两个报价：{price_a$}（{by_a}，{on_a@}）与 {price_b$}（{by_b}，{on_b@}）：{a}、{b}`},
	"watch.two_dates":  {`two dates are out for {thing}: {due_a@} ({by_a}) and {due_b@} ({by_b}): {a}, {b}`, `{thing} 有两个日期：{due_a@}（{by_a}）与 {due_b@}（{by_b}）：{a}、{b}`},

	"option.agreed":         {`the customer agreed to the new date: moved before it was due it is not late`, `对方同意新日期：到期前改期不算逾期`},
	"option.health":         {`how promises are kept: made, in time, late, not kept`, `承诺兑现情况`},
	"option.conflicts":      {`two dates or two prices for one thing, by two people`, `同一事项有两个日期或价格`},
	"option.answer.due":     {`another due time than was found`, `更正到期时间`},
	"option.answer.text":    {`the words as they should be`, `更正文字`},
	"option.promises.since": {`made since then`, `此后作出的`},
	"option.questions.all":  {`those about promises that are put to others, too`, `包括由他人回答的承诺问题`},

	"error.option_needs":       {`--{option} goes with --{other}.`, `--{option} 须与 --{other} 一起使用。`},
	"error.config_promise_ask": {`[{path}:{line}:{column}: ]{key} is a number of questions in a day, for example 5, or 0 for none; "{value}" is not.`, `[{path}:{line}:{column}：]{key} 是每天的问题数，例如 5，0 表示不询问；“{value}”无效。`},

	"answer.done": {`Yes, and kept`, `是，已兑现`},

	"origin.said_in_mail": {`mail`, `邮件`},
	"origin.said_in_note": {`note`, `备注`},

	"error.question_for_other": {`Question {question} is put to {name}. Whoever runs Kept, their manager and their deputy may answer for them.`, `问题 {question} 由 {name} 回答。系统管理员、其经理和代理人可以代答。`},
	"error.answer_no_due":      {`A date goes with the answer yes or done about a promise that was found; {question} takes none.`, `日期只能与对承诺问题的“是”或“已兑现”一起给出；{question} 不接受日期。`},
}
