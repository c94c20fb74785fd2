import { testRows } from '../functions/values.test.js';
import { testOptions } from '../test-options.js';

testRows(
  'what tools ask of a database',
  [
    [
      '.show tables',
      [
        ['Heartbeat', 'workspace', '', ''],
        ['Syslog', 'workspace', '', ''],
      ],
    ],
    [
      '// as a tool\n.show tables | where TableName startswith "S" | project TableName',
      [['Syslog']],
    ],
    ['.show table Syslog', [['Syslog', 'workspace', '', '']]],
    [
      '.show table Heartbeat cslschema | project Schema',
      [
        [
          'TenantId:string,TimeGenerated:datetime,Computer:string,OSType:string,Version:string,Type:string',
        ],
      ],
    ],
    [
      `.show table Syslog schema as json
     | project c = parse_json(Schema).OrderedColumns[6] | project tostring(c.Name), tostring(c.Type), tostring(c.CslType)`,
      [['ProcessID', 'System.Int32', 'int']],
    ],
    [
      '.show database schema | where TableName == "Syslog" | take 3 | project TableName, ColumnName, ColumnType, IsDefaultTable',
      [
        ['Syslog', '', '', true],
        ['Syslog', 'TenantId', 'System.String', true],
        ['Syslog', 'TimeGenerated', 'System.DateTime', true],
      ],
    ],
    [
      `.show databases schema as json
     | project tostring(parse_json(DatabaseSchema).Databases.workspace.Tables.Syslog.OrderedColumns[1].Type)`,
      [['System.DateTime']],
    ],
    ['.show schema as json | project isnotempty(ClusterSchema)', [[true]]],
    [
      '.show databases | project DatabaseName, IsCurrent, DatabaseId',
      [['workspace', true, '6d0a4e2c-0000-4000-8000-000000000001']],
    ],
    ['.show functions', [['f', '(x:long)', '{x + 1}', '', '']]],
  ],
  { ...testOptions, functions: [{ name: 'f', parameters: 'x:long', body: 'x + 1' }] },
);
