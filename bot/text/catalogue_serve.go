package text

// serveTexts are those of the serving process and of its jobs.
var serveTexts = texts{
	"error.serve_running":     {`Another kept serves this state already[ (process {pid})]. End that one first, or let it be; what it does: {admin} job list`, `已有另一个 kept 在服务这份数据[（进程 {pid}）]。请先结束它，或让它继续运行；它的任务：{admin} job list`},
	"error.serve_not_running": {`Nobody serves this state, so there is nothing to reload. Serve it: {admin} serve`, `没有进程在服务这份数据，无需重新加载。启动服务：{admin} serve`},
	"error.serve_other_state": {`kept.yaml now names another state ({other}); the serving process keeps {state}. To change it, end it and start it again: {admin} serve`, `kept.yaml 现在指定了另一份数据（{other}）；服务进程仍使用 {state}。如要更换，请结束后重新启动：{admin} serve`},
	"error.no_such_job":       {`There is no job "{job}".[ Did you mean {near}?][ All: {jobs}]`, `没有任务“{job}”。[您是不是要 {near}？][全部：{jobs}]`},
	"error.job_running":       {`{job} runs just now. How it goes: {admin} job history; then try again`, `{job} 正在运行。查看进展：{admin} job history；稍后再试`},
	"error.job_paused":        {`{job} is paused. Let it run by itself again: {admin} job resume "{job}"`, `{job} 已暂停。恢复自动运行：{admin} job resume "{job}"`},
	"error.job_hangs":         {`{job} was cut off and has not ended yet, so it is not begun again. If it never does, start the serving process anew; until then: {admin} job list`, `{job} 已被中断但尚未结束，因此不会再次启动。如一直不结束，请重启服务进程；查看：{admin} job list`},
	"error.job_lost":          {`Another process took {job} over, so this run stopped. What became of it: {admin} job history`, `另一进程已接管 {job}，本次运行已停止。查看结果：{admin} job history`},
	"error.job_cut_off":       {`{job} took longer than {after} and was cut off; the next run goes on from there. It may take longer with timeout: under jobs: in kept.yaml; how it went: {admin} job history`, `{job} 超过 {after} 被中断；下次运行会继续。可在 kept.yaml 的 jobs: 下用 timeout: 延长；查看：{admin} job history`},

	"error.config_schedule":     {`{path}:{line}:{column}: "{value}" is no time at which {job} could run. Write five fields as in cron ("*/15 * * * *"), "@every 5m", @daily, or off`, `{path}:{line}:{column}：“{value}”不是 {job} 可用的时间。请写 cron 的五个字段（"*/15 * * * *"）、"@every 5m"、@daily 或 off`},
	"error.config_timeout":      {`{path}:{line}:{column}: "{value}" is no time that {job} may take. Write for example 30m or 2h`, `{path}:{line}:{column}：“{value}”不是 {job} 的时限。请写例如 30m 或 2h`},
	"error.config_keep":         {`{path}:{line}:{column}: "{value}" is no number of backups that stay. Write for example 14`, `{path}:{line}:{column}：“{value}”不是要保留的备份数。请写例如 14`},
	"error.config_job":          {`{path}:{line}:{column}: there is no job "{job}".[ Did you mean {near}?] All: {jobs}`, `{path}:{line}:{column}：没有任务“{job}”。[您是不是要 {near}？]全部：{jobs}`},
	"error.config_job_key":      {`{path}:{line}:{column}: {job} has no {key}; only backup has`, `{path}:{line}:{column}：{job} 没有 {key}；只有 backup 有`},
	"error.config_listen":       {`{path}:{line}:{column}: "{value}" is no address to listen at. Write for example 127.0.0.1:7777`, `{path}:{line}:{column}：“{value}”不是可监听的地址。请写例如 127.0.0.1:7777`},
	"error.config_no_token":     {`{path}:{line}:{column}: who listens needs a token too. Write serve.token: env:KEPT_TOKEN, file:PATH or command:WORDS`, `{path}:{line}:{column}：监听地址时还需要令牌。请写 serve.token: env:KEPT_TOKEN、file:路径 或 command:命令`},
	"error.config_serve_secret": {`{path}:{line}:{column}: serve.token is a secret and does not stand here itself. Write env:KEPT_TOKEN, file:PATH or command:WORDS`, `{path}:{line}:{column}：serve.token 是密钥，不能直接写在这里。请写 env:KEPT_TOKEN、file:路径 或 command:命令`},

	"error.serve_address":   {`Cannot listen at {address}; another program may have the port. Choose another: serve.listen in kept.yaml`, `无法监听 {address}；端口可能已被占用。请在 kept.yaml 的 serve.listen 中另选`},
	"error.serve_token":     {`The token of serve.token is shorter than 16 characters. Make a better one, for example with: openssl rand -hex 32`, `serve.token 的令牌少于 16 个字符。请生成更长的，例如：openssl rand -hex 32`},
	"error.no_watcher":      {`{connection} ({type}) tells no news by itself; it is read by: {admin} sync {connection}`, `{connection}（{type}）不会主动通知；请用 {admin} sync {connection} 读取`},
	"error.unit_exists":     {`{path} is there already and differs. Look at the new one with --dry-run; replace it: {admin} service install --force`, `{path} 已存在且内容不同。用 --dry-run 查看新内容；替换：{admin} service install --force`},
	"error.unit_unwritable": {`{path} cannot be written. For the whole machine that is root's to do; for yourself: {admin} service install --user`, `无法写入 {path}。为整台机器安装需要 root；仅为自己安装：{admin} service install --user`},

	"service.written": {`Written: {file}`, `已写入：{file}`},
	"service.next":    {`Now type`, `接下来请输入`},

	"doctor.serving":         {`A process serves this state (process {pid})`, `有进程在服务这份数据（进程 {pid}）`},
	"doctor.serving_none":    {`Nobody serves this state: nothing runs by itself`, `没有进程在服务：不会自动运行`},
	"doctor.job_fails":       {`The job {job} fails[: {why}] ({count#time|times} since it last succeeded)`, `任务 {job} 失败[：{why}]（上次成功以来 {count#次} ）`},
	"doctor.job_fails.hint":  {`what became of it: {admin} job history {quoted}; try it now: {admin} job run {quoted}`, `查看记录：{admin} job history {quoted}；立即重试：{admin} job run {quoted}`},
	"doctor.job_paused":      {`The job {job} is paused[ by {by}]`, `任务 {job} 已暂停[（{by}）]`},
	"doctor.job_paused.hint": {`let it run again: {admin} job resume {quoted}`, `恢复运行：{admin} job resume {quoted}`},

	"serve.reloaded":   {`The serving process (process {pid}) has read kept.yaml again. Connections: {connections}. Jobs: {jobs}.`, `服务进程（进程 {pid}）已重新读取 kept.yaml。连接：{connections}。任务：{jobs}。`},
	"jobs.nobody":      {`Nobody serves this state: nothing runs by itself. Let it: {admin} serve`, `没有进程在服务：不会自动运行。启动：{admin} serve`},
	"jobs.off":         {`off`, `关闭`},
	"jobs.gone":        {`is configured no more`, `已不在配置中`},
	"jobs.paused":      {`paused[ by {by}]`, `已暂停[（{by}）]`},
	"jobs.next":        {`next {at}`, `下次 {at}`},
	"jobs.paused_done": {`Paused: {jobs}`, `已暂停：{jobs}`},
	"jobs.resume_done": {`Runs by itself again: {jobs}`, `恢复自动运行：{jobs}`},
	"jobs.resume_with": {`let it run again: {admin} job resume {jobs}`, `恢复运行：{admin} job resume {jobs}`},
	"jobs.none":        {`No job ran yet. What there is: {admin} job list`, `还没有任务运行过。查看任务：{admin} job list`},

	"job.never":       {`never ran`, `从未运行`},
	"job.running":     {`running`, `运行中`},
	"job.done":        {`done`, `完成`},
	"job.failed":      {`FAILED`, `失败`},
	"job.cut_off":     {`CUT OFF`, `超时中断`},
	"job.stopped":     {`stopped`, `已停止`},
	"job.interrupted": {`interrupted`, `被打断`},
	"job.skipped":     {`left out`, `略过`},

	"jobby.schedule": {`by its schedule`, `按计划`},
	"jobby.catch_up": {`made up for`, `补运行`},
	"jobby.person":   {`asked for`, `手动`},

	"trouble.damage_found":      {`damage was found: kept check`, `发现损坏：kept check`},
	"trouble.backup_unwritable": {`its folder cannot be written to`, `文件夹无法写入`},
	"trouble.job_cut_off":       {`it took too long`, `耗时过长`},
	"trouble.job_hangs":         {`it does not end`, `无法结束`},
	"trouble.timeout":           {`it took too long`, `耗时过长`},
	"trouble.internal":          {`something unforeseen`, `意外错误`},
	"trouble.sync_partly":       {`not everything was done`, `未全部完成`},

	"did.job.pause":  {`paused a job[: {job}]`, `暂停任务[：{job}]`},
	"did.job.resume": {`resumed a job[: {job}]`, `恢复任务[：{job}]`},
}
