package text

// matchErrors are those of matching a table.
var matchErrors = texts{
	"error.match_no_key":      {`Which column of {file} names a row? For example: --key id. Its columns: {columns}`, `{file} 的哪一列标识一行？例如：--key id。所有列：{columns}`},
	"error.match_no_column":   {`{file} has no column "{column}" for {option}. Its columns: {columns}`, `{file} 没有 {option} 所指的列“{column}”。所有列：{columns}`},
	"error.match_no_role":     {`No column can be "{role}". One of: {roles}`, `列不能是“{role}”。可选：{roles}`},
	"error.match_map":         {`"{value}" says of no column what it holds. Write ROLE=COLUMN, for example --map name=Mitglied,birthday=geb`, `“{value}”没有说明哪一列是什么。请写 角色=列，例如 --map name=姓名,birthday=生日`},
	"error.match_unclosed":    {`{file}:{line}: a quote opens here and is never closed. Close it, then repeat.`, `{file}:{line}：此处引号未闭合。请补上后重试。`},
	"error.match_too_long":    {`{file}:{line}: the row is longer than 1 MB. Look whether a quote is missing.`, `{file}:{line}：该行超过 1 MB。请检查是否缺少引号。`},
	"error.match_cells":       {`{file}:{line}: the row has {cells} cells, the header {header}. Put cells with a delimiter in quotes.`, `{file}:{line}：该行有 {cells} 个单元格，表头有 {header} 个。请给含分隔符的单元格加引号。`},
	"error.match_key_missing": {`{file}:{line}: {field} is empty, but it is what names the row. Fill it, or choose another --key.`, `{file}:{line}：标识列 {field} 为空。请填写，或另选 --key。`},
	"error.match_key_twice":   {`{file}:{line}: {field} "{key}" names the row in line {first} already. Choose a --key whose values stand once each.`, `{file}:{line}：{field}“{key}”已用于第 {first} 行。请选择值不重复的 --key。`},
}
