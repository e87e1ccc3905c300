// One interface for each catalog's rows, columns named and ordered as PostgreSQL 17 has them. Oids, xids and regprocs
// are numbers, vectors and arrays plain arrays, aclitem[] its text form, timestamptz and pg_lsn bigints.
// Written by scripts/export-catalogs.js.
import type { PgArray } from '../../types/value.js';

export interface PgAggregateRow {
  readonly aggfnoid: number;
  readonly aggkind: string;
  readonly aggnumdirectargs: number;
  readonly aggtransfn: number;
  readonly aggfinalfn: number;
  readonly aggcombinefn: number;
  readonly aggserialfn: number;
  readonly aggdeserialfn: number;
  readonly aggmtransfn: number;
  readonly aggminvtransfn: number;
  readonly aggmfinalfn: number;
  readonly aggfinalextra: boolean;
  readonly aggmfinalextra: boolean;
  readonly aggfinalmodify: string;
  readonly aggmfinalmodify: string;
  readonly aggsortop: number;
  readonly aggtranstype: number;
  readonly aggtransspace: number;
  readonly aggmtranstype: number;
  readonly aggmtransspace: number;
  readonly agginitval: string | null;
  readonly aggminitval: string | null;
}

export interface PgAmRow {
  readonly oid: number;
  readonly amname: string;
  readonly amhandler: number;
  readonly amtype: string;
}

export interface PgAmopRow {
  readonly oid: number;
  readonly amopfamily: number;
  readonly amoplefttype: number;
  readonly amoprighttype: number;
  readonly amopstrategy: number;
  readonly amoppurpose: string;
  readonly amopopr: number;
  readonly amopmethod: number;
  readonly amopsortfamily: number;
}

export interface PgAmprocRow {
  readonly oid: number;
  readonly amprocfamily: number;
  readonly amproclefttype: number;
  readonly amprocrighttype: number;
  readonly amprocnum: number;
  readonly amproc: number;
}

export interface PgAttrdefRow {
  readonly oid: number;
  readonly adrelid: number;
  readonly adnum: number;
  readonly adbin: string;
}

export interface PgAttributeRow {
  readonly attrelid: number;
  readonly attname: string;
  readonly atttypid: number;
  readonly attlen: number;
  readonly attnum: number;
  readonly attcacheoff: number;
  readonly atttypmod: number;
  readonly attndims: number;
  readonly attbyval: boolean;
  readonly attalign: string;
  readonly attstorage: string;
  readonly attcompression: string;
  readonly attnotnull: boolean;
  readonly atthasdef: boolean;
  readonly atthasmissing: boolean;
  readonly attidentity: string;
  readonly attgenerated: string;
  readonly attisdropped: boolean;
  readonly attislocal: boolean;
  readonly attinhcount: number;
  readonly attcollation: number;
  readonly attstattarget: number | null;
  readonly attacl: string | null;
  readonly attoptions: readonly string[] | null;
  readonly attfdwoptions: readonly string[] | null;
  readonly attmissingval: PgArray | null;
}

export interface PgAuthMembersRow {
  readonly oid: number;
  readonly roleid: number;
  readonly member: number;
  readonly grantor: number;
  readonly admin_option: boolean;
  readonly inherit_option: boolean;
  readonly set_option: boolean;
}

export interface PgAuthidRow {
  readonly oid: number;
  readonly rolname: string;
  readonly rolsuper: boolean;
  readonly rolinherit: boolean;
  readonly rolcreaterole: boolean;
  readonly rolcreatedb: boolean;
  readonly rolcanlogin: boolean;
  readonly rolreplication: boolean;
  readonly rolbypassrls: boolean;
  readonly rolconnlimit: number;
  readonly rolpassword: string | null;
  readonly rolvaliduntil: bigint | null;
}

export interface PgCastRow {
  readonly oid: number;
  readonly castsource: number;
  readonly casttarget: number;
  readonly castfunc: number;
  readonly castcontext: string;
  readonly castmethod: string;
}

export interface PgClassRow {
  readonly oid: number;
  readonly relname: string;
  readonly relnamespace: number;
  readonly reltype: number;
  readonly reloftype: number;
  readonly relowner: number;
  readonly relam: number;
  readonly relfilenode: number;
  readonly reltablespace: number;
  readonly relpages: number;
  readonly reltuples: number;
  readonly relallvisible: number;
  readonly reltoastrelid: number;
  readonly relhasindex: boolean;
  readonly relisshared: boolean;
  readonly relpersistence: string;
  readonly relkind: string;
  readonly relnatts: number;
  readonly relchecks: number;
  readonly relhasrules: boolean;
  readonly relhastriggers: boolean;
  readonly relhassubclass: boolean;
  readonly relrowsecurity: boolean;
  readonly relforcerowsecurity: boolean;
  readonly relispopulated: boolean;
  readonly relreplident: string;
  readonly relispartition: boolean;
  readonly relrewrite: number;
  readonly relfrozenxid: number;
  readonly relminmxid: number;
  readonly relacl: string | null;
  readonly reloptions: readonly string[] | null;
  readonly relpartbound: string | null;
}

export interface PgCollationRow {
  readonly oid: number;
  readonly collname: string;
  readonly collnamespace: number;
  readonly collowner: number;
  readonly collprovider: string;
  readonly collisdeterministic: boolean;
  readonly collencoding: number;
  readonly collcollate: string | null;
  readonly collctype: string | null;
  readonly colllocale: string | null;
  readonly collicurules: string | null;
  readonly collversion: string | null;
}

export interface PgConstraintRow {
  readonly oid: number;
  readonly conname: string;
  readonly connamespace: number;
  readonly contype: string;
  readonly condeferrable: boolean;
  readonly condeferred: boolean;
  readonly convalidated: boolean;
  readonly conrelid: number;
  readonly contypid: number;
  readonly conindid: number;
  readonly conparentid: number;
  readonly confrelid: number;
  readonly confupdtype: string;
  readonly confdeltype: string;
  readonly confmatchtype: string;
  readonly conislocal: boolean;
  readonly coninhcount: number;
  readonly connoinherit: boolean;
  readonly conkey: readonly number[] | null;
  readonly confkey: readonly number[] | null;
  readonly conpfeqop: readonly number[] | null;
  readonly conppeqop: readonly number[] | null;
  readonly conffeqop: readonly number[] | null;
  readonly confdelsetcols: readonly number[] | null;
  readonly conexclop: readonly number[] | null;
  readonly conbin: string | null;
}

export interface PgConversionRow {
  readonly oid: number;
  readonly conname: string;
  readonly connamespace: number;
  readonly conowner: number;
  readonly conforencoding: number;
  readonly contoencoding: number;
  readonly conproc: number;
  readonly condefault: boolean;
}

export interface PgDatabaseRow {
  readonly oid: number;
  readonly datname: string;
  readonly datdba: number;
  readonly encoding: number;
  readonly datlocprovider: string;
  readonly datistemplate: boolean;
  readonly datallowconn: boolean;
  readonly dathasloginevt: boolean;
  readonly datconnlimit: number;
  readonly datfrozenxid: number;
  readonly datminmxid: number;
  readonly dattablespace: number;
  readonly datcollate: string;
  readonly datctype: string;
  readonly datlocale: string | null;
  readonly daticurules: string | null;
  readonly datcollversion: string | null;
  readonly datacl: string | null;
}

export interface PgDbRoleSettingRow {
  readonly setdatabase: number;
  readonly setrole: number;
  readonly setconfig: readonly string[] | null;
}

export interface PgDefaultAclRow {
  readonly oid: number;
  readonly defaclrole: number;
  readonly defaclnamespace: number;
  readonly defaclobjtype: string;
  readonly defaclacl: string;
}

export interface PgDependRow {
  readonly classid: number;
  readonly objid: number;
  readonly objsubid: number;
  readonly refclassid: number;
  readonly refobjid: number;
  readonly refobjsubid: number;
  readonly deptype: string;
}

export interface PgDescriptionRow {
  readonly objoid: number;
  readonly classoid: number;
  readonly objsubid: number;
  readonly description: string;
}

export interface PgEnumRow {
  readonly oid: number;
  readonly enumtypid: number;
  readonly enumsortorder: number;
  readonly enumlabel: string;
}

export interface PgEventTriggerRow {
  readonly oid: number;
  readonly evtname: string;
  readonly evtevent: string;
  readonly evtowner: number;
  readonly evtfoid: number;
  readonly evtenabled: string;
  readonly evttags: readonly string[] | null;
}

export interface PgExtensionRow {
  readonly oid: number;
  readonly extname: string;
  readonly extowner: number;
  readonly extnamespace: number;
  readonly extrelocatable: boolean;
  readonly extversion: string;
  readonly extconfig: readonly number[] | null;
  readonly extcondition: readonly string[] | null;
}

export interface PgForeignDataWrapperRow {
  readonly oid: number;
  readonly fdwname: string;
  readonly fdwowner: number;
  readonly fdwhandler: number;
  readonly fdwvalidator: number;
  readonly fdwacl: string | null;
  readonly fdwoptions: readonly string[] | null;
}

export interface PgForeignServerRow {
  readonly oid: number;
  readonly srvname: string;
  readonly srvowner: number;
  readonly srvfdw: number;
  readonly srvtype: string | null;
  readonly srvversion: string | null;
  readonly srvacl: string | null;
  readonly srvoptions: readonly string[] | null;
}

export interface PgForeignTableRow {
  readonly ftrelid: number;
  readonly ftserver: number;
  readonly ftoptions: readonly string[] | null;
}

export interface PgIndexRow {
  readonly indexrelid: number;
  readonly indrelid: number;
  readonly indnatts: number;
  readonly indnkeyatts: number;
  readonly indisunique: boolean;
  readonly indnullsnotdistinct: boolean;
  readonly indisprimary: boolean;
  readonly indisexclusion: boolean;
  readonly indimmediate: boolean;
  readonly indisclustered: boolean;
  readonly indisvalid: boolean;
  readonly indcheckxmin: boolean;
  readonly indisready: boolean;
  readonly indislive: boolean;
  readonly indisreplident: boolean;
  readonly indkey: readonly number[];
  readonly indcollation: readonly number[];
  readonly indclass: readonly number[];
  readonly indoption: readonly number[];
  readonly indexprs: string | null;
  readonly indpred: string | null;
}

export interface PgInheritsRow {
  readonly inhrelid: number;
  readonly inhparent: number;
  readonly inhseqno: number;
  readonly inhdetachpending: boolean;
}

export interface PgInitPrivsRow {
  readonly objoid: number;
  readonly classoid: number;
  readonly objsubid: number;
  readonly privtype: string;
  readonly initprivs: string;
}

export interface PgLanguageRow {
  readonly oid: number;
  readonly lanname: string;
  readonly lanowner: number;
  readonly lanispl: boolean;
  readonly lanpltrusted: boolean;
  readonly lanplcallfoid: number;
  readonly laninline: number;
  readonly lanvalidator: number;
  readonly lanacl: string | null;
}

export interface PgLargeobjectRow {
  readonly loid: number;
  readonly pageno: number;
  readonly data: Buffer;
}

export interface PgLargeobjectMetadataRow {
  readonly oid: number;
  readonly lomowner: number;
  readonly lomacl: string | null;
}

export interface PgNamespaceRow {
  readonly oid: number;
  readonly nspname: string;
  readonly nspowner: number;
  readonly nspacl: string | null;
}

export interface PgOpclassRow {
  readonly oid: number;
  readonly opcmethod: number;
  readonly opcname: string;
  readonly opcnamespace: number;
  readonly opcowner: number;
  readonly opcfamily: number;
  readonly opcintype: number;
  readonly opcdefault: boolean;
  readonly opckeytype: number;
}

export interface PgOperatorRow {
  readonly oid: number;
  readonly oprname: string;
  readonly oprnamespace: number;
  readonly oprowner: number;
  readonly oprkind: string;
  readonly oprcanmerge: boolean;
  readonly oprcanhash: boolean;
  readonly oprleft: number;
  readonly oprright: number;
  readonly oprresult: number;
  readonly oprcom: number;
  readonly oprnegate: number;
  readonly oprcode: number;
  readonly oprrest: number;
  readonly oprjoin: number;
}

export interface PgOpfamilyRow {
  readonly oid: number;
  readonly opfmethod: number;
  readonly opfname: string;
  readonly opfnamespace: number;
  readonly opfowner: number;
}

export interface PgParameterAclRow {
  readonly oid: number;
  readonly parname: string;
  readonly paracl: string | null;
}

export interface PgPartitionedTableRow {
  readonly partrelid: number;
  readonly partstrat: string;
  readonly partnatts: number;
  readonly partdefid: number;
  readonly partattrs: readonly number[];
  readonly partclass: readonly number[];
  readonly partcollation: readonly number[];
  readonly partexprs: string | null;
}

export interface PgPolicyRow {
  readonly oid: number;
  readonly polname: string;
  readonly polrelid: number;
  readonly polcmd: string;
  readonly polpermissive: boolean;
  readonly polroles: readonly number[];
  readonly polqual: string | null;
  readonly polwithcheck: string | null;
}

export interface PgProcRow {
  readonly oid: number;
  readonly proname: string;
  readonly pronamespace: number;
  readonly proowner: number;
  readonly prolang: number;
  readonly procost: number;
  readonly prorows: number;
  readonly provariadic: number;
  readonly prosupport: number;
  readonly prokind: string;
  readonly prosecdef: boolean;
  readonly proleakproof: boolean;
  readonly proisstrict: boolean;
  readonly proretset: boolean;
  readonly provolatile: string;
  readonly proparallel: string;
  readonly pronargs: number;
  readonly pronargdefaults: number;
  readonly prorettype: number;
  readonly proargtypes: readonly number[];
  readonly proallargtypes: readonly number[] | null;
  readonly proargmodes: readonly string[] | null;
  readonly proargnames: readonly string[] | null;
  readonly proargdefaults: string | null;
  readonly protrftypes: readonly number[] | null;
  readonly prosrc: string;
  readonly probin: string | null;
  readonly prosqlbody: string | null;
  readonly proconfig: readonly string[] | null;
  readonly proacl: string | null;
}

export interface PgPublicationRow {
  readonly oid: number;
  readonly pubname: string;
  readonly pubowner: number;
  readonly puballtables: boolean;
  readonly pubinsert: boolean;
  readonly pubupdate: boolean;
  readonly pubdelete: boolean;
  readonly pubtruncate: boolean;
  readonly pubviaroot: boolean;
}

export interface PgPublicationNamespaceRow {
  readonly oid: number;
  readonly pnpubid: number;
  readonly pnnspid: number;
}

export interface PgPublicationRelRow {
  readonly oid: number;
  readonly prpubid: number;
  readonly prrelid: number;
  readonly prqual: string | null;
  readonly prattrs: readonly number[] | null;
}

export interface PgRangeRow {
  readonly rngtypid: number;
  readonly rngsubtype: number;
  readonly rngmultitypid: number;
  readonly rngcollation: number;
  readonly rngsubopc: number;
  readonly rngcanonical: number;
  readonly rngsubdiff: number;
}

export interface PgReplicationOriginRow {
  readonly roident: number;
  readonly roname: string;
}

export interface PgRewriteRow {
  readonly oid: number;
  readonly rulename: string;
  readonly ev_class: number;
  readonly ev_type: string;
  readonly ev_enabled: string;
  readonly is_instead: boolean;
  readonly ev_qual: string;
  readonly ev_action: string;
}

export interface PgSeclabelRow {
  readonly objoid: number;
  readonly classoid: number;
  readonly objsubid: number;
  readonly provider: string;
  readonly label: string;
}

export interface PgSequenceRow {
  readonly seqrelid: number;
  readonly seqtypid: number;
  readonly seqstart: bigint;
  readonly seqincrement: bigint;
  readonly seqmax: bigint;
  readonly seqmin: bigint;
  readonly seqcache: bigint;
  readonly seqcycle: boolean;
}

export interface PgShdependRow {
  readonly dbid: number;
  readonly classid: number;
  readonly objid: number;
  readonly objsubid: number;
  readonly refclassid: number;
  readonly refobjid: number;
  readonly deptype: string;
}

export interface PgShdescriptionRow {
  readonly objoid: number;
  readonly classoid: number;
  readonly description: string;
}

export interface PgShseclabelRow {
  readonly objoid: number;
  readonly classoid: number;
  readonly provider: string;
  readonly label: string;
}

export interface PgStatisticRow {
  readonly starelid: number;
  readonly staattnum: number;
  readonly stainherit: boolean;
  readonly stanullfrac: number;
  readonly stawidth: number;
  readonly stadistinct: number;
  readonly stakind1: number;
  readonly stakind2: number;
  readonly stakind3: number;
  readonly stakind4: number;
  readonly stakind5: number;
  readonly staop1: number;
  readonly staop2: number;
  readonly staop3: number;
  readonly staop4: number;
  readonly staop5: number;
  readonly stacoll1: number;
  readonly stacoll2: number;
  readonly stacoll3: number;
  readonly stacoll4: number;
  readonly stacoll5: number;
  readonly stanumbers1: readonly number[] | null;
  readonly stanumbers2: readonly number[] | null;
  readonly stanumbers3: readonly number[] | null;
  readonly stanumbers4: readonly number[] | null;
  readonly stanumbers5: readonly number[] | null;
  readonly stavalues1: PgArray | null;
  readonly stavalues2: PgArray | null;
  readonly stavalues3: PgArray | null;
  readonly stavalues4: PgArray | null;
  readonly stavalues5: PgArray | null;
}

export interface PgStatisticExtRow {
  readonly oid: number;
  readonly stxrelid: number;
  readonly stxname: string;
  readonly stxnamespace: number;
  readonly stxowner: number;
  readonly stxkeys: readonly number[];
  readonly stxstattarget: number | null;
  readonly stxkind: readonly string[];
  readonly stxexprs: string | null;
}

export interface PgStatisticExtDataRow {
  readonly stxoid: number;
  readonly stxdinherit: boolean;
  readonly stxdndistinct: Buffer | null;
  readonly stxddependencies: Buffer | null;
  readonly stxdmcv: Buffer | null;
  readonly stxdexpr: PgArray | null;
}

export interface PgSubscriptionRow {
  readonly oid: number;
  readonly subdbid: number;
  readonly subskiplsn: bigint;
  readonly subname: string;
  readonly subowner: number;
  readonly subenabled: boolean;
  readonly subbinary: boolean;
  readonly substream: string;
  readonly subtwophasestate: string;
  readonly subdisableonerr: boolean;
  readonly subpasswordrequired: boolean;
  readonly subrunasowner: boolean;
  readonly subfailover: boolean;
  readonly subconninfo: string;
  readonly subslotname: string | null;
  readonly subsynccommit: string;
  readonly subpublications: readonly string[];
  readonly suborigin: string | null;
}

export interface PgSubscriptionRelRow {
  readonly srsubid: number;
  readonly srrelid: number;
  readonly srsubstate: string;
  readonly srsublsn: bigint | null;
}

export interface PgTablespaceRow {
  readonly oid: number;
  readonly spcname: string;
  readonly spcowner: number;
  readonly spcacl: string | null;
  readonly spcoptions: readonly string[] | null;
}

export interface PgTransformRow {
  readonly oid: number;
  readonly trftype: number;
  readonly trflang: number;
  readonly trffromsql: number;
  readonly trftosql: number;
}

export interface PgTriggerRow {
  readonly oid: number;
  readonly tgrelid: number;
  readonly tgparentid: number;
  readonly tgname: string;
  readonly tgfoid: number;
  readonly tgtype: number;
  readonly tgenabled: string;
  readonly tgisinternal: boolean;
  readonly tgconstrrelid: number;
  readonly tgconstrindid: number;
  readonly tgconstraint: number;
  readonly tgdeferrable: boolean;
  readonly tginitdeferred: boolean;
  readonly tgnargs: number;
  readonly tgattr: readonly number[];
  readonly tgargs: Buffer;
  readonly tgqual: string | null;
  readonly tgoldtable: string | null;
  readonly tgnewtable: string | null;
}

export interface PgTsConfigRow {
  readonly oid: number;
  readonly cfgname: string;
  readonly cfgnamespace: number;
  readonly cfgowner: number;
  readonly cfgparser: number;
}

export interface PgTsConfigMapRow {
  readonly mapcfg: number;
  readonly maptokentype: number;
  readonly mapseqno: number;
  readonly mapdict: number;
}

export interface PgTsDictRow {
  readonly oid: number;
  readonly dictname: string;
  readonly dictnamespace: number;
  readonly dictowner: number;
  readonly dicttemplate: number;
  readonly dictinitoption: string | null;
}

export interface PgTsParserRow {
  readonly oid: number;
  readonly prsname: string;
  readonly prsnamespace: number;
  readonly prsstart: number;
  readonly prstoken: number;
  readonly prsend: number;
  readonly prsheadline: number;
  readonly prslextype: number;
}

export interface PgTsTemplateRow {
  readonly oid: number;
  readonly tmplname: string;
  readonly tmplnamespace: number;
  readonly tmplinit: number;
  readonly tmpllexize: number;
}

export interface PgTypeRow {
  readonly oid: number;
  readonly typname: string;
  readonly typnamespace: number;
  readonly typowner: number;
  readonly typlen: number;
  readonly typbyval: boolean;
  readonly typtype: string;
  readonly typcategory: string;
  readonly typispreferred: boolean;
  readonly typisdefined: boolean;
  readonly typdelim: string;
  readonly typrelid: number;
  readonly typsubscript: number;
  readonly typelem: number;
  readonly typarray: number;
  readonly typinput: number;
  readonly typoutput: number;
  readonly typreceive: number;
  readonly typsend: number;
  readonly typmodin: number;
  readonly typmodout: number;
  readonly typanalyze: number;
  readonly typalign: string;
  readonly typstorage: string;
  readonly typnotnull: boolean;
  readonly typbasetype: number;
  readonly typtypmod: number;
  readonly typndims: number;
  readonly typcollation: number;
  readonly typdefaultbin: string | null;
  readonly typdefault: string | null;
  readonly typacl: string | null;
}

export interface PgUserMappingRow {
  readonly oid: number;
  readonly umuser: number;
  readonly umserver: number;
  readonly umoptions: readonly string[] | null;
}

export interface CatalogRows {
  readonly pg_aggregate: PgAggregateRow;
  readonly pg_am: PgAmRow;
  readonly pg_amop: PgAmopRow;
  readonly pg_amproc: PgAmprocRow;
  readonly pg_attrdef: PgAttrdefRow;
  readonly pg_attribute: PgAttributeRow;
  readonly pg_auth_members: PgAuthMembersRow;
  readonly pg_authid: PgAuthidRow;
  readonly pg_cast: PgCastRow;
  readonly pg_class: PgClassRow;
  readonly pg_collation: PgCollationRow;
  readonly pg_constraint: PgConstraintRow;
  readonly pg_conversion: PgConversionRow;
  readonly pg_database: PgDatabaseRow;
  readonly pg_db_role_setting: PgDbRoleSettingRow;
  readonly pg_default_acl: PgDefaultAclRow;
  readonly pg_depend: PgDependRow;
  readonly pg_description: PgDescriptionRow;
  readonly pg_enum: PgEnumRow;
  readonly pg_event_trigger: PgEventTriggerRow;
  readonly pg_extension: PgExtensionRow;
  readonly pg_foreign_data_wrapper: PgForeignDataWrapperRow;
  readonly pg_foreign_server: PgForeignServerRow;
  readonly pg_foreign_table: PgForeignTableRow;
  readonly pg_index: PgIndexRow;
  readonly pg_inherits: PgInheritsRow;
  readonly pg_init_privs: PgInitPrivsRow;
  readonly pg_language: PgLanguageRow;
  readonly pg_largeobject: PgLargeobjectRow;
  readonly pg_largeobject_metadata: PgLargeobjectMetadataRow;
  readonly pg_namespace: PgNamespaceRow;
  readonly pg_opclass: PgOpclassRow;
  readonly pg_operator: PgOperatorRow;
  readonly pg_opfamily: PgOpfamilyRow;
  readonly pg_parameter_acl: PgParameterAclRow;
  readonly pg_partitioned_table: PgPartitionedTableRow;
  readonly pg_policy: PgPolicyRow;
  readonly pg_proc: PgProcRow;
  readonly pg_publication: PgPublicationRow;
  readonly pg_publication_namespace: PgPublicationNamespaceRow;
  readonly pg_publication_rel: PgPublicationRelRow;
  readonly pg_range: PgRangeRow;
  readonly pg_replication_origin: PgReplicationOriginRow;
  readonly pg_rewrite: PgRewriteRow;
  readonly pg_seclabel: PgSeclabelRow;
  readonly pg_sequence: PgSequenceRow;
  readonly pg_shdepend: PgShdependRow;
  readonly pg_shdescription: PgShdescriptionRow;
  readonly pg_shseclabel: PgShseclabelRow;
  readonly pg_statistic: PgStatisticRow;
  readonly pg_statistic_ext: PgStatisticExtRow;
  readonly pg_statistic_ext_data: PgStatisticExtDataRow;
  readonly pg_subscription: PgSubscriptionRow;
  readonly pg_subscription_rel: PgSubscriptionRelRow;
  readonly pg_tablespace: PgTablespaceRow;
  readonly pg_transform: PgTransformRow;
  readonly pg_trigger: PgTriggerRow;
  readonly pg_ts_config: PgTsConfigRow;
  readonly pg_ts_config_map: PgTsConfigMapRow;
  readonly pg_ts_dict: PgTsDictRow;
  readonly pg_ts_parser: PgTsParserRow;
  readonly pg_ts_template: PgTsTemplateRow;
  readonly pg_type: PgTypeRow;
  readonly pg_user_mapping: PgUserMappingRow;
}

export type CatalogName = keyof CatalogRows;
export type CatalogRow<T extends CatalogName> = CatalogRows[T];
