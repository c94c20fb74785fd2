/**
 * The standard tables that every workspace has: Azure Monitor's names, columns and types, so that
 * published queries bind. Read by `standard-tables.ts`.
 *
 * A table is a line at the left edge, its name and its solution, and the indented lines after it:
 * its columns in the order in which they are shown. `:d` is datetime, `:r` real, `:i` int, `:l`
 * long, `:o` dynamic, `:b` bool, `:g` guid; a bare name is string. `TimeGenerated` comes first in
 * every table and is not written. `+` after the solution stands for the columns
 * `SourceSystem _ResourceId _SubscriptionId _IsBillable` at the end.
 */
export const standardTablesText = `
AADDomainServicesAccountLogon LogManagement +
  Category CertIssuerName CertSerialNumber CertThumbprint ClientUserName CorrelationId FailureCode
  IpAddress IpPort MappedName MappingBy OperationName PackageName PreAuthType RecordId ResourceId
  ResultDescription ResultType ServiceName TicketOptions
AADDomainServicesAccountManagement LogManagement +
  AccountExpires AllowedToDelegateTo CallerProcessId CallerProcessName Category
  ComputerAccountChange CorrelationId DisplayName DnsHostName GroupTypeChange HomeDirectory
  HomePath LogonHours MemberName MembershipExpirationTime:d MemberSid NewTargetUserName NewUacValue
  OldTargetUserName OldUacValue OperationName PasswordLastSet PrimaryGroupId PrivilegeList
  ProfilePath RecordId ResourceId ResultDescription ResultType SamAccountName ScriptPath
  ServicePrincipalNames SidHistory SourceSid SourceUserName Status SubjectDomainName SubjectLogonId
  SubjectUserName SubjectUserSid TargetSid UserAccountControl UserParameters UserPrincipalName
  UserWorkstations Workstation
AADDomainServicesDirectoryServiceAccess LogManagement +
  AppCorrelationID AttributeLDAPDisplayName AttributeSyntaxOID AttributeValue Category
  CorrelationId DSName DSType NewObjectDN ObjectClass ObjectDN ObjectGUID OldObjectDN
  OpCorrelationID OperationName OperationType RecordId ResourceId ResultDescription ResultType
  TreeDelete
AADDomainServicesLogonLogoff LogManagement +
  AuthenticationPackageName Category CorrelationId ElevatedToken FailureReason ImpersonationLevel
  KeyLength:i LmPackageName LogonGuid LogonProcessName LogonType:i OperationName RecordId
  ResourceId RestrictedAdminMode ResultDescription ResultType SidList SubStatus TargetDomainName
  TargetInfo TargetLinkedLogonId TargetLogonGuid TargetLogonId TargetOutboundDomainName
  TargetOutboundUserName TargetServerName TargetUserName TargetUserSid TdoSid TransmittedServices
  VirtualAccount WorkstationName
AADDomainServicesPolicyChange LogManagement +
  AccessGranted AccessRemoved AuditPolicyChanges AuditSourceName Category CategoryId
  CollisionTargetName CollisionTargetType:i CorrelationId CrashOnAuditFailValue:i
  DisabledPrivilegeList DnsName DomainBehaviorVersion DomainName DomainPolicyChanged DomainSid
  EnabledPrivilegeList EntryType:i EventSourceId Flags:i ForceLogoff ForestRoot ForestRootSid
  HandleId KerberosPolicyChange LockoutDuration LockoutObservationWindow LockoutThreshold
  MachineAccountQuota MaxPasswordAge MinPasswordAge MinPasswordLength MixedDomainMode NetbiosName
  NewSd ObjectName ObjectServer ObjectType OemInformation OldSd OperationId OperationName
  PasswordHistoryLength PasswordProperties RecordId ResourceId ResultDescription ResultType
  SidFilteringEnabled SubcategoryGuid SubcategoryId TdoAttributes:i TdoDirection:i TdoType:i
  TopLevelName
AADDomainServicesPrivilegeUse LogManagement +
  Category CorrelationId NewState:i OperationName ProcessId ProcessName RecordId ResourceId
  ResourceManager ResultDescription ResultType TransactionId
AADDomainServicesSystemSecurity LogManagement +
  AuditsDiscarded:i Category CorrelationId OperationName RecordId ResourceId ResultDescription
  ResultType
AADManagedIdentitySignInLogs LogManagement
  AADTenantId Agent AppId AppOwnerTenantId AuthenticationContextClassReferences
  AuthenticationProcessingDetails Category ClientCredentialType ConditionalAccessAudiences
  ConditionalAccessPolicies ConditionalAccessStatus CorrelationId CreatedDateTime:d DurationMs:l
  FederatedCredentialId Id Identity IPAddress Level Location LocationDetails ManagedServiceIdentity
  NetworkLocationDetails OperationName OperationVersion ResourceDisplayName ResourceGroup
  ResourceIdentity ResourceOwnerTenantId ResourceServicePrincipalId ResultDescription
  ResultSignature ResultType ServicePrincipalCredentialKeyId ServicePrincipalCredentialThumbprint
  ServicePrincipalId ServicePrincipalName SessionId SourceAppClientId UniqueTokenIdentifier
  UserAgent SourceSystem _IsBillable
AADNonInteractiveUserSignInLogs LogManagement
  AADTenantId Agent AlternateSignInName AppDisplayName AppId AppliedEventListeners:o
  AppOwnerTenantId AuthenticationContextClassReferences AuthenticationDetails
  AuthenticationMethodsUsed AuthenticationProcessingDetails AuthenticationProtocol
  AuthenticationRequirement AuthenticationRequirementPolicies AuthenticatorAppLocation
  AutonomousSystemNumber Category ClientAppUsed ClientCredentialType ClientSessionId
  ConditionalAccessAudiences ConditionalAccessPolicies ConditionalAccessStatus CorrelationId
  CreatedDateTime:d CrossTenantAccessType DeviceDetail DurationMs:l FederatedCredentialId
  GlobalSecureAccessIpAddress HomeTenantId HomeTenantName Id Identity IncomingTokenType IPAddress
  IsInteractive:b IsRisky:b IsTenantRestricted:b IsThroughGlobalSecureAccess:b Level Location
  LocationDetails MfaDetail NetworkLocationDetails OperationName OperationVersion OriginalRequestId
  OriginalTransferMethod ProcessingTimeInMs ResourceDisplayName ResourceGroup ResourceIdentity
  ResourceOwnerTenantId ResourceServicePrincipalId ResourceTenantId ResultDescription
  ResultSignature ResultType RiskDetail RiskEventTypes RiskEventTypes_V2 RiskLevelAggregated
  RiskLevelDuringSignIn RiskState ServicePrincipalId SessionId SessionLifetimePolicies
  SignInEventTypes SignInIdentifierType Status TokenIssuerName TokenIssuerType
  TokenProtectionStatusDetails UniqueTokenIdentifier UserAgent UserDisplayName UserId
  UserPrincipalName UserType SourceSystem _IsBillable
AADProvisioningLogs LogManagement
  AADTenantId Action Category ChangeId CorrelationId CycleId DurationMs:l Id InitiatedBy JobId
  ModifiedProperties OperationName OperationVersion ProvisioningAction ProvisioningStatusInfo
  ProvisioningSteps ResultDescription ResultSignature ResultType ServicePrincipal SourceIdentity
  TargetIdentity TargetSystem SourceSystem _IsBillable
AADRiskyUsers LogManagement
  CorrelationId Id IsDeleted:b IsProcessing:b OperationName RiskDetail RiskLastUpdatedDateTime:d
  RiskLevel RiskState UserDisplayName UserPrincipalName SourceSystem _IsBillable
AADServicePrincipalSignInLogs LogManagement
  AADTenantId Agent AppId AppOwnerTenantId AuthenticationContextClassReferences
  AuthenticationProcessingDetails AutonomousSystemNumber Category ClientCredentialType
  ConditionalAccessAudiences ConditionalAccessPolicies ConditionalAccessStatus CorrelationId
  CreatedDateTime:d DurationMs:l FederatedCredentialId Id Identity IPAddress Level Location
  LocationDetails NetworkLocationDetails OperationName OperationVersion ResourceDisplayName
  ResourceGroup ResourceIdentity ResourceOwnerTenantId ResourceServicePrincipalId ResultDescription
  ResultSignature ResultType ServicePrincipalCredentialKeyId ServicePrincipalCredentialThumbprint
  ServicePrincipalId ServicePrincipalName SessionId UniqueTokenIdentifier UserAgent SourceSystem
  _IsBillable
AADSignInEventsBeta MicrosoftDefenderXDR
  Timestamp:d AadDeviceId AccountDisplayName AccountObjectId AccountUpn AlternateSignInName
  Application ApplicationId AuthenticationProcessingDetails AuthenticationRequirement Browser City
  ClientAppUsed ConditionalAccessPolicies ConditionalAccessStatus:i CorrelationId Country
  DeviceName DeviceTrustType EndpointCall EntraIdDeviceId ErrorCode:i IPAddress IsCompliant:i
  IsExternalUser:i IsGuestUser:b IsManaged:i LastPasswordChangeTimestamp:d Latitude LogonType
  Longitude NetworkLocationDetails OSPlatform ReportId RequestId ResourceDisplayName ResourceId
  ResourceTenantId RiskDetails:i RiskEventTypes RiskLevelAggregated:i RiskLevelDuringSignIn:i
  RiskState:i SessionId State TokenIssuerType:i UserAgent
AADSpnSignInEventsBeta MicrosoftDefenderXDR
  Timestamp:d Application ApplicationId City CorrelationId Country ErrorCode:i IPAddress
  IsManagedIdentity:b Latitude Longitude ReportId RequestId ResourceDisplayName ResourceId
  ResourceTenantId ServicePrincipalId ServicePrincipalName State
AADUserRiskEvents LogManagement
  Activity ActivityDateTime:d AdditionalInfo:o CorrelationId DetectedDateTime:d DetectionTimingType
  Id IpAddress LastUpdatedDateTime:d Location:o OperationName RequestId RiskDetail RiskEventType
  RiskLevel RiskState Source TokenIssuerType UserDisplayName UserId UserPrincipalName SourceSystem
  _IsBillable
ABSBotRequests LogManagement +
  BotId Category Channel CorrelationId DurationMs:r Level Location OperationName ResultCode:i
ACSBillingUsage LogManagement +
  Category CorrelationId EndTime:d OperationName OperationVersion ParticipantId Quantity:r RecordId
  StartTime:d UnitType UsageType UserIdA UserIdB
ACSChatIncomingOperations LogManagement +
  CallerIpAddress Category ChatMessageId:i ChatThreadId CorrelationId DurationMs:i Level
  OperationName OperationVersion PlatformType ResultDescription ResultSignature ResultType SdkType
  URI UserId
ACSSMSIncomingOperations LogManagement +
  CallerIpAddress Category CorrelationId Country DeliveryAttempts:i DurationMs:i
  IncomingMessageLength:i Level MessageId Method NumberType OperationName OperationVersion
  OutgoingMessageLength:i PhoneNumber PlatformType ResultDescription ResultSignature ResultType
  SdkType URI
ADAssessmentRecommendation ADAssessment +
  ActionArea ActionAreaId AffectedObjectName AffectedObjectType AssessmentId Computer CustomData
  Description Domain DomainController FocusArea FocusAreaId Forest Recommendation RecommendationId
  RecommendationResult RecommendationScore:r RecommendationWeight:r Technology
AddonAzureBackupJobs LogManagement +
  AdHocOrScheduledJob ArchiveTierStorageReplicationType AzureDataCenter BackupItemFriendlyName
  BackupItemId BackupItemUniqueId BackupManagementServerUniqueId BackupManagementType Category
  DatasourceFriendlyName DatasourceResourceId DatasourceSetFriendlyName DatasourceSetResourceId
  DatasourceSetType DatasourceType DataTransferredInMB:r ExtendedProperties:o JobDurationInSecs:r
  JobFailureCode JobOperation JobOperationSubType JobStartDateTime:d JobStatus JobUniqueId
  OperationName ProtectedContainerUniqueId RecoveryJobDestination RecoveryJobRPDateTime:d
  RecoveryJobRPLocation RecoveryLocationType ResourceGroupName ResourceId SchemaVersion State
  StorageReplicationType SubscriptionId VaultName VaultTags VaultType VaultUniqueId
AddonAzureBackupPolicy LogManagement +
  ArchiveTierDailyRetentionDuration:i ArchiveTierDefaultRetentionDuration:i
  ArchiveTieringDuration:i ArchiveTieringDurationType ArchiveTieringMode
  ArchiveTierMonthlyRetentionDuration:i ArchiveTierStorageReplicationType
  ArchiveTierWeeklyRetentionDuration:i ArchiveTierYearlyRetentionDuration:i AzureDataCenter
  BackupDaysOfTheWeek BackupFrequency BackupIntervalInHours:i BackupManagementServerUniqueId
  BackupManagementType BackupTimes Category DailyRetentionDuration:i DailyRetentionTimes
  DatasourceType DiffBackupDaysofTheWeek DiffBackupFormat DiffBackupRetentionDuration:i
  DiffBackupTime DifferentialBackupDaysOfTheWeek DifferentialBackupFrequency
  DifferentialBackupTimes ExtendedProperties:o FullBackupDaysOfTheWeek FullBackupFrequency
  FullBackupTimes IncrementalBackupDaysOfTheWeek IncrementalBackupFrequency IncrementalBackupTimes
  LogBackupFrequency:i LogBackupRetentionDuration:i MonthlyRetentionDaysOfTheMonth
  MonthlyRetentionDaysOfTheWeek MonthlyRetentionDuration:i MonthlyRetentionFormat
  MonthlyRetentionTimes MonthlyRetentionWeeksOfTheMonth OperationName PolicyId PolicyName
  PolicySubType PolicyTimeZone PolicyUniqueId ResourceGroupName ResourceId RetentionDuration:i
  RetentionType ScheduleWindowDuration:i ScheduleWindowStartTime:d SchemaVersion
  SnapshotTierDailyRetentionDuration:i SnapshotTierDefaultRetentionDuration:i
  SnapshotTierMonthlyRetentionDuration:i SnapshotTierWeeklyRetentionDuration:i
  SnapshotTierYearlyRetentionDuration:i StandardTierDefaultRetentionDuration:i State
  StorageReplicationType SubscriptionId SynchronisationFrequencyPerDay VaultName VaultTags
  VaultType VaultUniqueId WeeklyRetentionDaysOfTheWeek WeeklyRetentionDuration:i
  WeeklyRetentionTimes YearlyRetentionDaysOfTheMonth YearlyRetentionDaysOfTheWeek
  YearlyRetentionDuration:i YearlyRetentionFormat YearlyRetentionMonthsOfTheYear
  YearlyRetentionTimes YearlyRetentionWeeksOfTheMonth
AddonAzureBackupStorage LogManagement +
  ArchiveTierStorageConsumedInMBs BackupItemUniqueId BackupManagementServerUniqueId
  BackupManagementType Category ExtendedProperties:o OperationName PreferredWorkloadOnVolume
  ProtectedContainerUniqueId ResourceId SchemaVersion State StorageAllocatedInMBs:r
  StorageConsumedInMBs:r StorageName StorageTotalSizeInGBs:r StorageType StorageUniqueId
  VaultUniqueId VolumeFriendlyName
ADFActivityRun LogManagement +
  ActivityIterationCount:i ActivityName ActivityRunId ActivityType Annotations Category
  CorrelationId EffectiveIntegrationRuntime End:d Error ErrorCode ErrorMessage EventMessage
  FailureType Input Level LinkedServiceName Location OperationName Output PipelineName
  PipelineRunId ResourceId Start:d Status Tags UserProperties
ADFPipelineRun LogManagement +
  Annotations Category CorrelationId End:d ErrorCode ErrorMessage EventMessage FailureType Input
  Level Location OperationName Output Parameters PipelineName Predecessors ResourceId RunId Start:d
  Status SystemParameters Tags UserProperties
ADFTriggerRun LogManagement +
  Annotations Category CorrelationId ErrorCode ErrorMessage EventMessage Input Level Location
  OperationName Output Parameters ResourceId Start:d Status SystemParameters Tags TriggerEvent
  TriggerFailureType TriggerId TriggerName TriggerType UserProperties
ADTDigitalTwinsOperation LogManagement +
  ApplicationId CallerIpAddress Category CorrelationId DurationMs Level Location OperationName
  OperationVersion ParentId RequestUri ResultDescription ResultSignature ResultType SpanId
  TraceFlags TraceId TraceState
ADTEventRoutesOperation LogManagement +
  ApplicationId CallerIpAddress Category CorrelationId DurationMs EndpointName Level Location
  OperationName OperationVersion ParentId RequestUri ResultDescription ResultSignature ResultType
  SpanId TraceFlags TraceId TraceState
ADTModelsOperation LogManagement +
  ApplicationId CallerIpAddress Category CorrelationId DurationMs Level Location OperationName
  OperationVersion ParentId RequestUri ResultDescription ResultSignature ResultType SpanId
  TraceFlags TraceId TraceState
ADTQueryOperation LogManagement +
  ApplicationId CallerIpAddress Category CorrelationId DurationMs Level Location OperationName
  OperationVersion ParentId QueryCharge:r RequestUri ResultDescription ResultSignature ResultType
  SpanId TraceFlags TraceId TraceState
AegDeliveryFailureLogs LogManagement +
  Category EventSubscriptionName Message OperationName SubResourceName
AegPublishFailureLogs LogManagement +
  Category Message OperationName SubResourceName
Alert LogManagement +
  AlertContext AlertDescription AlertError AlertId AlertName AlertPriority AlertRuleId
  AlertRuleInstanceId AlertSeverity AlertState AlertStatus:i AlertTypeDescription AlertTypeNumber:i
  AlertValue:i Comments Computer Custom1 Custom10 Custom2 Custom3 Custom4 Custom5 Custom6 Custom7
  Custom8 Custom9 Expression Flags:i FlagsDescription HostName LastModifiedBy LinkToSearchResults
  ManagementGroupName ObjectDisplayName PriorityNumber:i Query QueryExecutionEndTime:d
  QueryExecutionStartTime:d RemediationJobId RemediationRunbookName RepeatCount:i ResolvedBy
  ResourceId ResourceType ResourceValue RootObjectName ServiceDeskConnectionName ServiceDeskId
  ServiceDeskWorkItemLink ServiceDeskWorkItemType SourceDisplayName SourceFullName StateType
  StatusDescription TemplateId ThresholdOperator ThresholdValue:i TicketId TimeLastModified:d
  TimeRaised:d TimeResolved:d TriggerId Url ValueDescription ValueFlags:i ValueFlagsDescription
AlertEvidence SecurityInsights
  Timestamp:d AccountDomain AccountName AccountObjectId AccountSid AccountUpn AdditionalFields:o
  AlertId Application ApplicationId:i AttackTechniques AzureResourceId AzureResourceType
  AzureSubscriptionId Categories CloudPlatform CloudResource DetectionSource DeviceId DeviceName
  EmailSubject EntityType EvidenceDirection EvidenceRole FileName FileSize:l FolderPath LocalIP
  NetworkMessageId OAuthApplicationId ProcessCommandLine RegistryKey RegistryValueData
  RegistryValueName RemoteIP RemoteUrl ResourceID ResourceType ServiceSource Severity SHA1 SHA256
  SubscriptionId ThreatFamily Title SourceSystem _IsBillable
AlertInfo SecurityInsights
  Timestamp:d AlertId AttackTechniques Category DetectionSource ServiceSource Severity Title
  SourceSystem _IsBillable
Anomalies SecurityInsights
  ActivityInsights:o AnomalyDetails:o AnomalyReasons:o AnomalyTemplateId AnomalyTemplateName
  AnomalyTemplateVersion Description DestinationDevice DestinationIpAddress DestinationLocation:o
  DeviceInsights:o EndTime:d Entities:o ExtendedLinks:o ExtendedProperties:o Id RuleConfigVersion
  RuleId RuleName RuleStatus Score:r SourceDevice SourceIpAddress SourceLocation:o StartTime:d
  Tactics Techniques UserInsights:o UserName UserPrincipalName VendorName WorkspaceId SourceSystem
  _IsBillable
ApiManagementGatewayLogs LogManagement +
  Timestamp:d ApiId ApimSubscriptionId ApiRevision BackendId BackendMethod BackendProtocol
  BackendRequestBody BackendRequestHeaders:o BackendResponseBody BackendResponseCode:i
  BackendResponseHeaders:o BackendTime:l BackendUrl Cache CacheTime:l CallerIpAddress Category
  ClientProtocol ClientTime:l ClientTlsVersion CorrelationId Errors:o IsMasterTrace:b
  IsRequestSuccess:b IsTraceAllowed:b IsTraceExpired:b IsTraceRequested:b LastErrorElapsed:l
  LastErrorMessage LastErrorReason LastErrorScope LastErrorSection LastErrorSource Method
  OperationId OperationName ProductId Region RequestBody RequestHeaders:o RequestSize:i
  ResponseBody ResponseCode:i ResponseHeaders:o ResponseSize:i TotalTime:l TraceRecords:o Url
  UserId WorkspaceId
AppDependencies LogManagement +
  AppRoleInstance AppRoleName AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP
  ClientModel ClientOS ClientStateOrProvince ClientType Data DependencyType DurationMs:r Id IKey
  ItemCount:i Measurements:o Name OperationId OperationName ParentId PerformanceBucket Properties:o
  ReferencedItemId ReferencedType ResourceGUID ResultCode SDKVersion SessionId Success:b
  SyntheticSource Target UserAccountId UserAuthenticatedId UserId
AppEvents LogManagement +
  AppRoleInstance AppRoleName AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP
  ClientModel ClientOS ClientStateOrProvince ClientType IKey ItemCount:i Measurements:o Name
  OperationId OperationName ParentId Properties:o ResourceGUID SDKVersion SessionId SyntheticSource
  UserAccountId UserAuthenticatedId UserId
AppExceptions LogManagement +
  AppRoleInstance AppRoleName AppVersion Assembly ClientBrowser ClientCity ClientCountryOrRegion
  ClientIP ClientModel ClientOS ClientStateOrProvince ClientType Details:o ExceptionType HandledAt
  IKey InnermostAssembly InnermostMessage InnermostMethod InnermostType ItemCount:i Measurements:o
  Message Method OperationId OperationName OuterAssembly OuterMessage OuterMethod OuterType
  ParentId ProblemId Properties:o ResourceGUID SDKVersion SessionId SeverityLevel:i SyntheticSource
  UserAccountId UserAuthenticatedId UserId
AppPageViews LogManagement +
  AppRoleInstance AppRoleName AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP
  ClientModel ClientOS ClientStateOrProvince ClientType DurationMs:r Id IKey ItemCount:i
  Measurements:o Name OperationId OperationName ParentId PerformanceBucket Properties:o
  ResourceGUID SDKVersion SessionId SyntheticSource Url UserAccountId UserAuthenticatedId UserId
AppPlatformLogsforSpring LogManagement +
  AppName AppTimestamp:d Category CustomLevel ExceptionClass InstanceName Log Logger MDC Message
  OperationName ServiceName SpanId StackTrace Stream Thread TraceId
AppPlatformSystemLogs LogManagement +
  Category InstanceName Level Log Logger LogType OperationName ServiceName Stack Thread
AppRequests LogManagement +
  AppRoleInstance AppRoleName AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP
  ClientModel ClientOS ClientStateOrProvince ClientType DurationMs:r Id IKey ItemCount:i
  Measurements:o Name OperationId OperationName ParentId PerformanceBucket Properties:o
  ReferencedItemId ReferencedType ResourceGUID ResultCode SDKVersion SessionId Source Success:b
  SyntheticSource Url UserAccountId UserAuthenticatedId UserId
AppServiceAppLogs LogManagement +
  Category ContainerId CustomLevel ExceptionClass Host Level Logger Message Method OperationName
  ResultDescription Source Stacktrace StackTrace WebSiteInstanceId
AppServiceAuditLogs LogManagement +
  Category OperationName Protocol User UserAddress UserDisplayName
AppServiceConsoleLogs LogManagement +
  Category ContainerId Host Level OperationName ResultDescription
AppServiceFileAuditLogs LogManagement +
  Category OperationName Path Process
AppServiceHTTPLogs LogManagement +
  CIp ComputerName Cookie CsBytes:i CsHost CsMethod CsUriQuery CsUriStem CsUsername Referer Result
  ScBytes:i ScStatus:i ScSubStatus ScWin32Status SPort TimeTaken:i UserAgent
AppServiceIPSecAuditLogs LogManagement +
  CIp CsHost Details Result ServiceEndpoint XAzureFDID XFDHealthProbe XForwardedFor XForwardedHost
AppTraces LogManagement +
  AppRoleInstance AppRoleName AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP
  ClientModel ClientOS ClientStateOrProvince ClientType IKey ItemCount:i Measurements:o Message
  OperationId OperationName ParentId Properties:o ReferencedItemId ReferencedType ResourceGUID
  SDKVersion SessionId SeverityLevel:i SyntheticSource UserAccountId UserAuthenticatedId UserId
AuditLogs LogManagement
  AADOperationType AADTenantId ActivityDateTime:d ActivityDisplayName AdditionalDetails:o Category
  CorrelationId DurationMs:l Id Identity InitiatedBy:o Level Location LoggedByService OperationName
  OperationVersion Resource ResourceGroup ResourceId ResourceProvider Result ResultDescription
  ResultReason ResultSignature ResultType TargetResources:o SourceSystem _IsBillable
AutoscaleEvaluationsLog LogManagement +
  AutoscaleMetricName AvailabilitySet Category CloudServiceName CloudServiceRole CoolDown:i
  CorrelationId CurrentInstanceCount:i DefaultInstanceCount:i DeploymentSlot EstimateScaleResult
  EvaluationResult EvaluationTime:d InstanceUpdateReason LastScaleActionOperationId
  LastScaleActionOperationStatus LastScaleActionTime:d MaximumInstanceCount:i MetricData
  MetricEndTime:d MetricNamespace MetricStartTime:d MetricTimeGrain MinimumInstanceCount:i
  NewInstanceCount:i ObservedValue:r OperationName Operator Profile ProfileEvaluationTime:d
  ProfileSelected:b Projection:r ResourceId ResultDescription ResultType SelectedAutoscaleProfile
  ServerFarm ShouldUpdateInstance:b SkipCurrentAutoscaleEvaluation:b
  SkipRuleEvaluationForCooldown:b TargetResourceId Threshold:r TimeAggregationType
  TimeGrainStatistic TimeWindow Webspace
AutoscaleScaleActionsLog LogManagement +
  Category CorrelationId CreatedAsyncScaleActionJob:b CreatedAsyncScaleActionJobId
  CurrentInstanceCount:i NewInstanceCount:i OperationName ResourceId ResultDescription ResultType
  ScaleActionMessage ScaleActionOperationId ScaleActionOperationStatus ScaleDirection
  TargetResourceId
AWSCloudTrail SecurityInsights
  AdditionalEventData APIVersion AwsEventId AWSRegion AwsRequestId AwsRequestId_ Category CidrIp
  CipherSuite ClientProvidedHostHeader DestinationPort EC2RoleDelivery ErrorCode ErrorMessage
  EventName EventSource EventTypeName EventVersion IpProtocol ManagementEvent:b OperationName
  ReadOnly:b RecipientAccountId RequestParameters Resources ResponseElements ServiceEventDetails
  SessionCreationDate:d SessionIssuerAccountId SessionIssuerArn SessionIssuerPrincipalId
  SessionIssuerType SessionIssuerUserName SessionMfaAuthenticated:b SharedEventId SourceIpAddress
  SourcePort TlsVersion UserAgent UserIdentityAccessKeyId UserIdentityAccountId UserIdentityArn
  UserIdentityInvokedBy UserIdentityPrincipalid UserIdentityStoreArn UserIdentityType
  UserIdentityUserId UserIdentityUserName VpcEndpointId SourceSystem _IsBillable
AzureActivity LogManagement +
  ActivityStatus ActivityStatusValue ActivitySubstatus ActivitySubstatusValue Authorization
  Authorization_d:o Caller CallerIpAddress Category CategoryValue Claims Claims_d:o CorrelationId
  EventDataId EventSubmissionTimestamp:d Hierarchy HTTPRequest Level OperationId OperationName
  OperationNameValue Properties Properties_d:o Resource ResourceGroup ResourceId ResourceProvider
  ResourceProviderValue SubscriptionId
AzureDiagnostics LogManagement +
  action_id_s action_name_s action_s ActivityId_g:g activityId_g:g addedAccessPolicy_ObjectId_g:g
  addedAccessPolicy_Permissions_certificates_s addedAccessPolicy_Permissions_keys_s
  addedAccessPolicy_Permissions_secrets_s addedIpRule_Value_s AdditionalFields:o
  AdHocOrScheduledJob_s application_name_s audit_schema_version_d:r avg_cpu_percent_s
  avg_mean_time_s backendHostname_s Caller_s callerId_s CallerIPAddress calls_s Category
  client_ip_s clientInfo_s clientIP_s clientIp_s clientIpAddress_s clientPort_d:r code_s
  collectionName_s Computer conditions_destinationIP_s conditions_destinationPortRange_s
  conditions_None_s conditions_protocols_s conditions_sourceIP_s conditions_sourcePortRange_s
  configuration_ConnectionTrafficType_s CorrelationId count_executions_d:r cpu_time_d:r
  database_name_s database_principal_name_s DatabaseName_s databaseName_s db_id_s
  delta_waiting_tasks_count_d:r details_data_s direction_s dop_d:r duration_d:r
  duration_milliseconds_d:r DurationMs:l ElasticPoolName_s EndpointName_s endTime_t:d Environment_s
  error_code_s error_message_s errorLevel_s event_class_s
  event_record_agreementProperties_receiverPartnerName_s
  event_record_agreementProperties_senderPartnerName_s
  event_record_messageProperties_correlationMessageId_s event_record_messageProperties_direction_s
  event_record_messageProperties_isFunctionalAcknowledgmentExpected_b:b
  event_record_messageProperties_isMessageFailed_b:b event_record_messageProperties_messageId_s
  event_record_messageProperties_messageType_s event_record_messageProperties_statusCode_s
  event_recordType_s event_s event_subclass_s event_time_t:d EventName_s execution_type_d:r
  executionInfo_endTime_t:d executionInfo_exitCode_d:r executionInfo_startTime_t:d host_s
  hostname_s httpMethod_s httpStatus_d:r httpStatusCode_d:r httpStatusCode_s httpVersion_s id_s
  identity_claim_appid_g:g
  identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_name_s
  identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s identity_claim_ipaddr_s
  identity_claim_upn_s instance_s instanceId_s interval_end_time_d:r interval_start_time_d:r ip_s
  is_column_permission_s isAccessPolicyMatch_b:b isReceivedFromClient_b:b JobDurationInSecs_s
  JobFailureCode_s JobId_g:g jobId_s JobOperation_s JobOperationSubType_s JobStartDateTime_s
  JobStatus_s JobUniqueId_g:g Level log_bytes_used_d:r log_s logical_io_reads_d:r
  logical_io_writes_d:r LogicalServerName_s macAddress_s ManagementGroupName matchedConnections_d:r
  max_cpu_time_d:r max_dop_d:r max_duration_d:r max_log_bytes_used_d:r max_logical_io_reads_d:r
  max_logical_io_writes_d:r max_num_physical_io_reads_d:r max_physical_io_reads_d:r
  max_query_max_used_memory_d:r max_rowcount_d:r max_time_s mean_time_s Message min_time_s msg_s
  network_s num_physical_io_reads_d:r object_id_d:r object_name_s OperationName operationStatus_s
  OperationVersion originalRequestUriWithArgs_s partitionKey_s path_s physical_io_reads_d:r
  plan_id_d:r policy_s policyMode_s primaryIPv4Address_s priority_d:r
  properties_enabledForDeployment_b:b properties_enabledForDiskEncryption_b:b
  properties_enabledForTemplateDeployment_b:b properties_networkAcls_defaultAction_s properties_s
  properties_sku_Family_s properties_sku_Name_s properties_tenantId_g:g query_hash_s query_id_d:r
  query_max_used_memory_d:r query_plan_hash_s query_time_d:r querytext_s RawData receivedBytes_d:r
  Region_s remoteIP_s removedAccessPolicy_ObjectId_g:g
  removedAccessPolicy_Permissions_certificates_s removedAccessPolicy_Permissions_keys_s
  removedAccessPolicy_Permissions_secrets_s requestCharge_s requestQuery_s requestResourceId_s
  requestResourceType_s requestUri_s reserved_storage_mb_s Resource resource_actionName_s
  resource_location_s resource_originRunId_s resource_resourceGroupName_s resource_runId_s
  resource_subscriptionId_g:g resource_triggerName_s resource_workflowId_g:g
  resource_workflowName_s ResourceGroup ResourceId ResourceProvider ResourceType response_rows_d:r
  responseBytes_s resultCode_s ResultDescription resultDescription_ChildJobs_s
  resultDescription_ErrorJobs_s resultMessage_s ResultSignature ResultType rootCauseAnalysis_s
  routingRuleName_s rowcount_d:r ruleId_s ruleName_s RunbookName_s RunOn_s schema_name_s
  sentBytes_d:r sequence_group_id_g:g sequence_number_d:r server_principal_sid_s session_id_d:r
  sizeKb_d:r source_workflow_name_s sql_text_s sslEnabled_s start_time_t:d startTime_s
  startTime_t:d stateChangeReason_s statement_s statement_sql_handle_s status_s Status_s
  statusCode_s storage_space_used_mb_s StreamType_s subnetId_s subnetPrefix_s SubscriptionId:g
  succeeded_s sum_calls_s systemId_g:g target_database_principal_name_s
  target_server_principal_name_s Tenant_g:g timeTaken_d:r type_s user_defined_information_s
  user_id_s user_s userAgent_s vnetResourceGuid_g:g wait_type_s workflowId_s
AzureMetrics LogManagement +
  Average:r CallerIpAddress Category Confidence CorrelationId Count:r Description DurationMs:l
  FirstReportedDateTime IndicatorThreatType IsActive LastReportedDateTime MaliciousIP Maximum:r
  MetricName Minimum:r OperationName OperationVersion RemoteIPCountry RemoteIPLatitude:r
  RemoteIPLongitude:r Resource ResourceGroup ResourceId ResourceProvider ResultDescription
  ResultSignature ResultType Severity:i SubscriptionId TimeGrain TLPLevel Total:r UnitName
CloudAppEvents SecurityInsights
  Timestamp:d AccountDisplayName AccountId AccountObjectId AccountType ActionType ActivityObjects:o
  ActivityType AdditionalFields:o AppInstanceId:i Application ApplicationId:i AuditSource City
  CountryCode DeviceType IPAddress IPCategory IPTags:o IsAdminOperation:b IsAnonymousProxy:b
  IsExternalUser:b IsImpersonated:b ISP Isp LastSeenForUser:o OAuthAppId ObjectId ObjectName
  ObjectType OSPlatform RawEventData:o ReportId SessionData:o UncommonForUser:o UserAgent
  UserAgentTags:o SourceSystem _IsBillable
CloudAuditEvents SecurityInsights
  Timestamp:d Account ActionType AdditionalFields:o AuditSource AwsResourceName AzureResourceId
  City CloudResourceId CountryCode DataSource GcpFullResourceName IPAddress IsAnonymousProxy:b Isp
  ISP OperationName RawEventData:o ReportId ResourceId UserAgent SourceSystem _IsBillable
CommonSecurityLog Security +
  Activity AdditionalExtensions ApplicationProtocol CollectorHostName CommunicationDirection
  Computer DestinationDnsDomain DestinationHostName DestinationIP DestinationMACAddress
  DestinationNTDomain DestinationPort:i DestinationProcessId:i DestinationProcessName
  DestinationServiceName DestinationTranslatedAddress DestinationTranslatedPort:i DestinationUserID
  DestinationUserName DestinationUserPrivileges DeviceAction DeviceAddress DeviceCustomDate1
  DeviceCustomDate1Label DeviceCustomDate2 DeviceCustomDate2Label DeviceCustomFloatingPoint1:r
  DeviceCustomFloatingPoint1Label DeviceCustomFloatingPoint2:r DeviceCustomFloatingPoint2Label
  DeviceCustomFloatingPoint3:r DeviceCustomFloatingPoint3Label DeviceCustomFloatingPoint4:r
  DeviceCustomFloatingPoint4Label DeviceCustomIPv6Address1 DeviceCustomIPv6Address1Label
  DeviceCustomIPv6Address2 DeviceCustomIPv6Address2Label DeviceCustomIPv6Address3
  DeviceCustomIPv6Address3Label DeviceCustomIPv6Address4 DeviceCustomIPv6Address4Label
  DeviceCustomNumber1:i DeviceCustomNumber1Label DeviceCustomNumber2:i DeviceCustomNumber2Label
  DeviceCustomNumber3:i DeviceCustomNumber3Label DeviceCustomString1 DeviceCustomString1Label
  DeviceCustomString2 DeviceCustomString2Label DeviceCustomString3 DeviceCustomString3Label
  DeviceCustomString4 DeviceCustomString4Label DeviceCustomString5 DeviceCustomString5Label
  DeviceCustomString6 DeviceCustomString6Label DeviceDnsDomain DeviceEventCategory
  DeviceEventClassID DeviceExternalID DeviceFacility DeviceInboundInterface DeviceMacAddress
  DeviceName DeviceNtDomain DeviceOutboundInterface DevicePayloadId DeviceProduct DeviceTimeZone
  DeviceTranslatedAddress DeviceVendor DeviceVersion EndTime:d EventCount:i EventOutcome
  EventType:i ExternalID:i ExtID FieldDeviceCustomNumber1:l FieldDeviceCustomNumber2:l
  FieldDeviceCustomNumber3:l FileCreateTime FileHash FileID FileModificationTime FileName FilePath
  FilePermission FileSize:i FileType FlexDate1 FlexDate1Label FlexNumber1:i FlexNumber1Label
  FlexNumber2:i FlexNumber2Label FlexString1 FlexString1Label FlexString2 FlexString2Label
  IndicatorThreatType LogSeverity MaliciousIP MaliciousIPCountry MaliciousIPLatitude:r
  MaliciousIPLongitude:r Message OldFileCreateTime OldFileHash OldFileID OldFileModificationTime
  OldFileName OldFilePath OldFilePermission OldFileSize:i OldFileType OriginalLogSeverity
  ProcessID:i ProcessName Protocol Reason ReceiptTime ReceivedBytes:l RemoteIP RemotePort
  ReportReferenceLink RequestClientApplication RequestContext RequestCookies RequestMethod
  RequestURL SentBytes:l SimplifiedDeviceAction SourceDnsDomain SourceHostName SourceIP
  SourceMACAddress SourceNTDomain SourcePort:i SourceProcessId:i SourceProcessName
  SourceServiceName SourceTranslatedAddress SourceTranslatedPort:i SourceUserID SourceUserName
  SourceUserPrivileges StartTime:d ThreatConfidence ThreatDescription ThreatSeverity:i
ConfigurationChange ChangeTracking +
  Acls Attributes ChangeCategory Computer ConfigChangeType Current DateCreated:d DateModified:d
  FieldsChanged FileContentChecksum FileSystemPath Hive LastSnapshotAge:l Location
  ManagementGroupName Name Previous PreviousAcls PreviousAttributes PreviousDateCreated:d
  PreviousDateModified:d PreviousFileContentChecksum PreviousSize:l PreviousValueData
  PreviousValueType Publisher RegistryKey Size:l SoftwareDescription SoftwareName SoftwareType
  SourceComputerId SvcAccount SvcChangeType SvcController SvcDisplayName SvcName SvcPath
  SvcPreviousAccount SvcPreviousController SvcPreviousPath SvcPreviousRunlevels
  SvcPreviousStartupType SvcPreviousState SvcRunlevels SvcStartupType SvcState ValueData ValueName
  ValueType VMUUID
ConfigurationData ChangeTracking +
  Acls Architecture Attributes Computer ConfigDataType CurrentVersion DateCreated:d DateModified:d
  FileContentChecksum FileSystemPath Hive Location ManagementGroupName Name Publisher RegistryKey
  Size:l SoftwareDescription SoftwareName SoftwareType SourceComputerId SvcAccount SvcController
  SvcDescription SvcDisplayName SvcName SvcPath SvcRunlevels SvcStartupType SvcState ValueData
  ValueName ValueType VMUUID
ContainerImageInventory AzureResources +
  Computer Failed:i Image ImageID ImageSize ImageTag Paused:i Repository Running:i Stopped:i
  TotalContainer:l VirtualSize
ContainerInventory AzureResources +
  Command ComposeGroup Computer ContainerHostname ContainerID ContainerState CreatedTime:d
  EnvironmentVar ExitCode:i FinishedTime:d Image ImageID ImageTag Links Name Ports Repository
  StartedTime:d
ContainerLog AzureResources +
  Computer ContainerID Image ImageTag LogEntry LogEntrySource Name Repository TimeOfCommand:d
ContainerLogV2 AzureResources +
  Computer ContainerId ContainerName KubernetesMetadata:o LogLevel LogMessage:o LogSource PodName
  PodNamespace
ContainerRegistryLoginEvents LogManagement +
  CallerIpAddress Category CorrelationId DurationMs Identity JwtId LoginServer OperationName Region
  ResultDescription ResultType UserAgent
ContainerRegistryRepositoryEvents LogManagement +
  ArtifactType CallerIpAddress Category CorrelationId Digest DurationMs Identity LoginServer
  MediaType OperationName Region Repository ResultDescription ResultType Size:i Tag UserAgent
  UserTenantId
CoreAzureBackup LogManagement +
  AgentVersion ArchiveTierLatestRecoveryPointLocation ArchiveTierLatestRecoveryPointTime:d
  ArchiveTierOldestRecoveryPointLocation ArchiveTierOldestRecoveryPointTime:d
  ArchiveTierStorageConsumedInMBs:r ArchiveTierStorageReplicationType AzureBackupAgentVersion
  AzureDataCenter BackupItemAppVersion BackupItemFriendlyName BackupItemFrontEndSize:r BackupItemId
  BackupItemName BackupItemProtectionState BackupItemType BackupItemUniqueId
  BackupManagementServerName BackupManagementServerOSVersion BackupManagementServerType
  BackupManagementServerUniqueId BackupManagementServerVersion BackupManagementType
  BillingGroupFriendlyName BillingGroupUniqueId Category DatasourceFriendlyName
  DatasourceResourceGroupName DatasourceResourceId DatasourceSetFriendlyName
  DatasourceSetResourceId DatasourceSetType DatasourceSubscriptionId DatasourceType
  ExtendedProperties:o IsArchiveEnabled:b LatestRecoveryPointLocation LatestRecoveryPointTime:d
  OldestRecoveryPointLocation OldestRecoveryPointTime:d OperationName PolicyId PolicyName
  PolicyUniqueId ProtectedContainerFriendlyName ProtectedContainerLocation ProtectedContainerName
  ProtectedContainerOSType ProtectedContainerOSVersion ProtectedContainerProtectionState
  ProtectedContainerType ProtectedContainerUniqueId ProtectedContainerWorkloadType
  ProtectionGroupName ResourceGroupName ResourceId SchemaVersion SecondaryBackupProtectionState
  State StorageConsumedInMBs:r StorageReplicationType SubscriptionId VaultName VaultTags VaultType
  VaultUniqueId
customEvents ApplicationInsights
  timestamp:d name customMeasurements:o itemCount:i itemId itemType customDimensions:o
  operation_Name operation_Id operation_ParentId operation_SyntheticSource session_Id user_Id
  user_AuthenticatedId user_AccountId application_Version client_Type client_Model client_OS
  client_IP client_City client_StateOrProvince client_CountryOrRegion client_Browser cloud_RoleName
  cloud_RoleInstance appId appName iKey sdkVersion _ResourceId
DatabricksJobs LogManagement +
  ActionName Category Identity LogId OperationName OperationVersion RequestId RequestParams
  Response ServiceName SessionId SourceIPAddress UserAgent
dependencies ApplicationInsights
  timestamp:d id target type name data success resultCode duration:r performanceBucket
  customMeasurements:o itemCount:i itemId itemType customDimensions:o operation_Name operation_Id
  operation_ParentId operation_SyntheticSource session_Id user_Id user_AuthenticatedId
  user_AccountId application_Version client_Type client_Model client_OS client_IP client_City
  client_StateOrProvince client_CountryOrRegion client_Browser cloud_RoleName cloud_RoleInstance
  appId appName iKey sdkVersion _ResourceId
DeviceCalendar SurfaceHub
  Computer DelaySeconds:i DeviceType ErrorMessage EventId:i EventName HealthServiceId ProviderId
  ResultCode:i SerialNumber SyncStatus SourceSystem _IsBillable
DeviceCleanup SurfaceHub
  Computer DeviceType EventId:i EventName HealthServiceId ProviderId SerialNumber State
  SourceSystem _IsBillable
DeviceEvents SecurityInsights
  Timestamp:d AccountDomain AccountName AccountSid ActionType AdditionalFields:o
  AppGuardContainerId CreatedProcessSessionId:l DeviceId DeviceName FileName FileOriginIP
  FileOriginUrl FileSize:l FolderPath InitiatingProcessAccountDomain InitiatingProcessAccountName
  InitiatingProcessAccountObjectId InitiatingProcessAccountSid InitiatingProcessAccountUpn
  InitiatingProcessCommandLine InitiatingProcessCreationTime:d InitiatingProcessFileName
  InitiatingProcessFileSize:l InitiatingProcessFolderPath InitiatingProcessId:l
  InitiatingProcessLogonId:l InitiatingProcessMD5 InitiatingProcessParentCreationTime:d
  InitiatingProcessParentFileName InitiatingProcessParentId:l
  InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP
  InitiatingProcessSessionId:l InitiatingProcessSHA1 InitiatingProcessSHA256
  InitiatingProcessUniqueId InitiatingProcessVersionInfoCompanyName
  InitiatingProcessVersionInfoFileDescription InitiatingProcessVersionInfoInternalFileName
  InitiatingProcessVersionInfoOriginalFileName InitiatingProcessVersionInfoProductName
  InitiatingProcessVersionInfoProductVersion IsInitiatingProcessRemoteSession:b
  IsProcessRemoteSession:b LocalIP LocalPort:i LogonId:l MachineGroup MD5 ProcessCommandLine
  ProcessCreationTime:d ProcessId:l ProcessRemoteSessionDeviceName ProcessRemoteSessionIP
  ProcessTokenElevation RegistryKey RegistryValueData RegistryValueName RemoteDeviceName RemoteIP
  RemotePort:i RemoteUrl ReportId:l SHA1 SHA256 SourceSystem _IsBillable
DeviceFileCertificateInfo SecurityInsights
  Timestamp:d CertificateCountersignatureTime:d CertificateCreationTime:d
  CertificateExpirationTime:d CertificateSerialNumber CrlDistributionPointUrls DeviceId DeviceName
  IsRootSignerMicrosoft:b IsSigned:b Issuer IssuerHash IsTrusted:b MachineGroup ReportId:l SHA1
  SignatureType Signer SignerHash SourceSystem _IsBillable
DeviceFileEvents SecurityInsights
  Timestamp:d ActionType AdditionalFields:o AppGuardContainerId DeviceId DeviceName FileName
  FileOriginIP FileOriginReferrerUrl FileOriginUrl FileSize:l FolderPath
  InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountObjectId
  InitiatingProcessAccountSid InitiatingProcessAccountUpn InitiatingProcessCommandLine
  InitiatingProcessCreationTime:d InitiatingProcessFileName InitiatingProcessFileSize:l
  InitiatingProcessFolderPath InitiatingProcessId:l InitiatingProcessIntegrityLevel
  InitiatingProcessMD5 InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName
  InitiatingProcessParentId:l InitiatingProcessRemoteSessionDeviceName
  InitiatingProcessRemoteSessionIP InitiatingProcessSessionId:l InitiatingProcessSHA1
  InitiatingProcessSHA256 InitiatingProcessTokenElevation InitiatingProcessUniqueId
  InitiatingProcessVersionInfoCompanyName InitiatingProcessVersionInfoFileDescription
  InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
  InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
  IsAzureInfoProtectionApplied:b IsInitiatingProcessRemoteSession:b MachineGroup MD5
  PreviousFileName PreviousFolderPath ReportId:l RequestAccountDomain RequestAccountName
  RequestAccountSid RequestProtocol RequestSourceIP RequestSourcePort:i SensitivityLabel
  SensitivitySubLabel SHA1 SHA256 ShareName SourceSystem _IsBillable
DeviceHardwareHealth SurfaceHub
  Computer DeviceType EventId:i EventName HealthServiceId ProviderId SerialNumber SourceSystem
  _IsBillable
DeviceHealth SurfaceHub
  Computer DeviceType EventId:i EventName HealthServiceId ProviderId SerialNumber State
  SourceSystem _IsBillable
DeviceImageLoadEvents SecurityInsights
  Timestamp:d ActionType AppGuardContainerId DeviceId DeviceName FileName FileSize:l FolderPath
  InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountObjectId
  InitiatingProcessAccountSid InitiatingProcessAccountUpn InitiatingProcessCommandLine
  InitiatingProcessCreationTime:d InitiatingProcessFileName InitiatingProcessFileSize:l
  InitiatingProcessFolderPath InitiatingProcessId:l InitiatingProcessIntegrityLevel
  InitiatingProcessMD5 InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName
  InitiatingProcessParentId:l InitiatingProcessRemoteSessionDeviceName
  InitiatingProcessRemoteSessionIP InitiatingProcessSessionId:l InitiatingProcessSHA1
  InitiatingProcessSHA256 InitiatingProcessTokenElevation InitiatingProcessUniqueId
  InitiatingProcessVersionInfoCompanyName InitiatingProcessVersionInfoFileDescription
  InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
  InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
  IsInitiatingProcessRemoteSession:b MachineGroup MD5 ReportId:l SHA1 SHA256 SourceSystem
  _IsBillable
DeviceInfo SecurityInsights
  Timestamp:d AadDeviceId AdditionalFields:o AssetValue AwsResourceName AzureResourceId AzureVmId
  AzureVmSubscriptionId ClientVersion CloudPlatforms ConnectivityType DeviceCategory
  DeviceDynamicTags DeviceId DeviceManualTags DeviceName DeviceObjectId DeviceSubtype DeviceType
  ExclusionReason ExposureLevel GcpFullResourceName HardwareUuid HostDeviceId IsAzureADJoined:b
  IsExcluded:b IsInternetFacing:b IsTransient:b JoinType LoggedOnUsers:o MachineGroup
  MergedDeviceIds MergedToDeviceId MitigationStatus Model OnboardingStatus OSArchitecture OSBuild:l
  OsBuildRevision OSDistribution OSPlatform OSVersion OSVersionInfo PublicIP RegistryDeviceTag
  ReportId:l RestrictedDeviceSecurityOperations SensorHealthState Vendor SourceSystem _IsBillable
DeviceLogonEvents SecurityInsights
  Timestamp:d AccountDomain AccountName AccountSid ActionType AdditionalFields:o
  AppGuardContainerId DeviceId DeviceName FailureReason InitiatingProcessAccountDomain
  InitiatingProcessAccountName InitiatingProcessAccountObjectId InitiatingProcessAccountSid
  InitiatingProcessAccountUpn InitiatingProcessCommandLine InitiatingProcessCreationTime:d
  InitiatingProcessFileName InitiatingProcessFileSize:l InitiatingProcessFolderPath
  InitiatingProcessId:l InitiatingProcessIntegrityLevel InitiatingProcessMD5
  InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName InitiatingProcessParentId:l
  InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP
  InitiatingProcessSessionId:l InitiatingProcessSHA1 InitiatingProcessSHA256
  InitiatingProcessTokenElevation InitiatingProcessUniqueId InitiatingProcessVersionInfoCompanyName
  InitiatingProcessVersionInfoFileDescription InitiatingProcessVersionInfoInternalFileName
  InitiatingProcessVersionInfoOriginalFileName InitiatingProcessVersionInfoProductName
  InitiatingProcessVersionInfoProductVersion IsInitiatingProcessRemoteSession:b IsLocalAdmin:b
  LogonId:l LogonType MachineGroup Protocol RemoteDeviceName RemoteIP RemoteIPType RemotePort:i
  ReportId:l SourceSystem _IsBillable
DeviceNetworkEvents SecurityInsights
  Timestamp:d ActionType AdditionalFields:o AppGuardContainerId DeviceId DeviceName
  InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountObjectId
  InitiatingProcessAccountSid InitiatingProcessAccountUpn InitiatingProcessCommandLine
  InitiatingProcessCreationTime:d InitiatingProcessFileName InitiatingProcessFileSize:l
  InitiatingProcessFolderPath InitiatingProcessId:l InitiatingProcessIntegrityLevel
  InitiatingProcessMD5 InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName
  InitiatingProcessParentId:l InitiatingProcessRemoteSessionDeviceName
  InitiatingProcessRemoteSessionIP InitiatingProcessSessionId:l InitiatingProcessSHA1
  InitiatingProcessSHA256 InitiatingProcessTokenElevation InitiatingProcessUniqueId
  InitiatingProcessVersionInfoCompanyName InitiatingProcessVersionInfoFileDescription
  InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
  InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
  IsInitiatingProcessRemoteSession:b LocalIP LocalIPType LocalPort:i MachineGroup Protocol RemoteIP
  RemoteIPType RemotePort:i RemoteUrl ReportId:l SourceSystem _IsBillable
DeviceNetworkInfo SecurityInsights
  Timestamp:d ConnectedNetworks:o DefaultGateways:o DeviceId DeviceName DnsAddresses:o
  IPAddresses:o IPv4Dhcp IPv6Dhcp MacAddress MachineGroup NetworkAdapterName NetworkAdapterStatus
  NetworkAdapterType NetworkAdapterVendor ReportId:l TunnelType SourceSystem _IsBillable
DeviceProcessEvents SecurityInsights
  Timestamp:d AccountDomain AccountName AccountObjectId AccountSid AccountUpn ActionType
  AdditionalFields:o AppGuardContainerId CreatedProcessSessionId:l DeviceId DeviceName FileName
  FileSize:l FolderPath InitiatingProcessAccountDomain InitiatingProcessAccountName
  InitiatingProcessAccountObjectId InitiatingProcessAccountSid InitiatingProcessAccountUpn
  InitiatingProcessCommandLine InitiatingProcessCreationTime:d InitiatingProcessFileName
  InitiatingProcessFileSize:l InitiatingProcessFolderPath InitiatingProcessId:l
  InitiatingProcessIntegrityLevel InitiatingProcessLogonId:l InitiatingProcessMD5
  InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName InitiatingProcessParentId:l
  InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP
  InitiatingProcessSessionId:l InitiatingProcessSHA1 InitiatingProcessSHA256
  InitiatingProcessSignatureStatus InitiatingProcessSignerType InitiatingProcessTokenElevation
  InitiatingProcessUniqueId InitiatingProcessVersionInfoCompanyName
  InitiatingProcessVersionInfoFileDescription InitiatingProcessVersionInfoInternalFileName
  InitiatingProcessVersionInfoOriginalFileName InitiatingProcessVersionInfoProductName
  InitiatingProcessVersionInfoProductVersion IsInitiatingProcessRemoteSession:b
  IsProcessRemoteSession:b LogonId:l MachineGroup MD5 ProcessCommandLine ProcessCreationTime:d
  ProcessId:l ProcessIntegrityLevel ProcessRemoteSessionDeviceName ProcessRemoteSessionIP
  ProcessTokenElevation ProcessUniqueId ProcessVersionInfoCompanyName
  ProcessVersionInfoFileDescription ProcessVersionInfoInternalFileName
  ProcessVersionInfoOriginalFileName ProcessVersionInfoProductName ProcessVersionInfoProductVersion
  ReportId:l SHA1 SHA256 SourceSystem _IsBillable
DeviceRegistryEvents SecurityInsights
  Timestamp:d ActionType AppGuardContainerId DeviceId DeviceName InitiatingProcessAccountDomain
  InitiatingProcessAccountName InitiatingProcessAccountObjectId InitiatingProcessAccountSid
  InitiatingProcessAccountUpn InitiatingProcessCommandLine InitiatingProcessCreationTime:d
  InitiatingProcessFileName InitiatingProcessFileSize:l InitiatingProcessFolderPath
  InitiatingProcessId:l InitiatingProcessIntegrityLevel InitiatingProcessMD5
  InitiatingProcessParentCreationTime:d InitiatingProcessParentFileName InitiatingProcessParentId:l
  InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP
  InitiatingProcessSessionId:l InitiatingProcessSHA1 InitiatingProcessSHA256
  InitiatingProcessTokenElevation InitiatingProcessUniqueId InitiatingProcessVersionInfoCompanyName
  InitiatingProcessVersionInfoFileDescription InitiatingProcessVersionInfoInternalFileName
  InitiatingProcessVersionInfoOriginalFileName InitiatingProcessVersionInfoProductName
  InitiatingProcessVersionInfoProductVersion IsInitiatingProcessRemoteSession:b MachineGroup
  PreviousRegistryKey PreviousRegistryValueData PreviousRegistryValueName RegistryKey
  RegistryValueData RegistryValueName RegistryValueType ReportId:l SourceSystem _IsBillable
DeviceSkypeHeartbeat SurfaceHub
  Computer EventId:i EventName HealthServiceId ProviderId State SourceSystem _IsBillable
DeviceTvmBrowserExtensions MicrosoftDefenderXDR
  BrowserName DeviceId ExtensionDescription ExtensionId ExtensionName ExtensionRisk ExtensionVendor
  ExtensionVersion InstallationTime:d IsActivated
DeviceTvmBrowserExtensionsKB MicrosoftDefenderXDR
  BrowserName ExtensionDescription ExtensionId ExtensionName ExtensionRisk ExtensionVersion:o
  IsPermissionRequired PermissionDescription PermissionId PermissionName PermissionRisk
DeviceTvmInfoGathering MicrosoftDefenderXDR
  Timestamp:d AdditionalFields:o DeviceId DeviceName LastSeenTime:d OSPlatform
DeviceTvmSecureConfigurationAssessment SecurityInsights
  Timestamp:d ConfigurationCategory ConfigurationId ConfigurationImpact:r ConfigurationSubcategory
  Context:o DeviceId DeviceName IsApplicable:b IsCompliant:b IsExpectedUserImpact:b OSPlatform
  SourceSystem _IsBillable
DeviceTvmSecureConfigurationAssessmentKB SecurityInsights
  Timestamp:d ConfigurationBenchmarks:o ConfigurationCategory ConfigurationDescription
  ConfigurationId ConfigurationImpact:r ConfigurationName ConfigurationSubcategory
  RelatedMitreTactics:o RelatedMitreTechniques:o RemediationOptions RiskDescription Tags:o
  SourceSystem _IsBillable
DeviceTvmSoftwareInventory SecurityInsights
  DeviceId DeviceName EndOfSupportDate:d EndOfSupportStatus OSArchitecture OSPlatform OSVersion
  ProductCodeCpe SoftwareName SoftwareVendor SoftwareVersion SourceSystem _IsBillable
DeviceTvmSoftwareVulnerabilities SecurityInsights
  CveId CveTags:o DeviceId DeviceName OSArchitecture OSPlatform OSVersion RecommendedSecurityUpdate
  RecommendedSecurityUpdateId SoftwareName SoftwareVendor SoftwareVersion
  VulnerabilitySeverityLevel SourceSystem _IsBillable
DeviceTvmSoftwareVulnerabilitiesKB SecurityInsights
  Timestamp:d AffectedSoftware:o CveId CvssScore:r IsExploitAvailable:b LastModifiedTime:d
  PublishedDate:d VulnerabilityDescription VulnerabilitySeverityLevel SourceSystem _IsBillable
DnsEvents DnsAnalytics +
  ClientIP Computer Confidence Description EventId:i IndicatorThreatType IPAddresses MaliciousIP
  Message Name QueryType RemoteIPCountry RemoteIPLatitude:r RemoteIPLongitude:r Result ResultCode:i
  Severity:i SubType TaskCategory
EmailAttachmentInfo SecurityInsights
  Timestamp:d DetectionMethods FileExtension FileName FileSize:l FileType NetworkMessageId
  RecipientEmailAddress RecipientObjectId ReportId SenderDisplayName SenderFromAddress
  SenderObjectId SHA256 ThreatNames ThreatTypes SourceSystem _IsBillable
EmailEvents SecurityInsights
  Timestamp:d AdditionalFields:o AttachmentCount:i AuthenticationDetails BulkComplaintLevel:i Cc:o
  ConfidenceLevel Connectors Context DeliveryAction DeliveryLocation DetectionMethods
  DistributionList EmailAction EmailActionPolicy EmailActionPolicyGuid EmailClusterId:l
  EmailDirection EmailLanguage EmailSize:i ExchangeTransportRule ForwardingInformation
  InternetMessageId IsFirstContact:b LastEventExecutionTime:d LatestDeliveryAction
  LatestDeliveryLocation NetworkMessageId OrgLevelAction OrgLevelPolicy RecipientDomain
  RecipientEmailAddress RecipientObjectId ReportId SenderDisplayName SenderFromAddress
  SenderFromDomain SenderIPv4 SenderIPv6 SenderMailFromAddress SenderMailFromDomain SenderObjectId
  Subject ThreatClassification ThreatNames ThreatTypes To:o UrlCount:i UserLevelAction
  UserLevelPolicy SourceSystem _IsBillable
EmailPostDeliveryEvents SecurityInsights
  Timestamp:d Action ActionResult ActionTrigger ActionType DeliveryLocation DetectionMethods
  EmailDirection InternetMessageId NetworkMessageId RecipientEmailAddress ReportId
  SenderFromAddress ThreatTypes SourceSystem _IsBillable
EmailUrlInfo SecurityInsights
  Timestamp:d NetworkMessageId ReportId Url UrlChainId UrlChainPosition:i UrlDomain UrlLocation
  SourceSystem _IsBillable
EntraGroupMemberships MicrosoftSentineldatalake
  _ReceivedTime:d _SnapshotTime:d organizationId sourceId targetId tenantId
EntraGroups MicrosoftSentineldatalake
  _ReceivedTime:d _SnapshotTime:d classification createdDateTime:d deletedDateTime:d description
  displayName expirationDateTime:d groupTypes:o id isAssignableToRole:b isManagementRestricted:b
  mail mailEnabled:b mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName
  onPremisesLastSyncDateTime:d onPremisesNetBiosName onPremisesSamAccountName
  onPremisesSecurityIdentifier onPremisesSyncEnabled:b organizationId preferredDataLocation
  preferredLanguage proxyAddresses:o renewedDateTime:d securityEnabled:b tenantId theme uniqueName
EntraIdSignInEvents MicrosoftDefenderXDR
  Timestamp:d AccountDisplayName AccountObjectId AccountUpn AlternateSignInName Application
  ApplicationId AuthenticationProcessingDetails AuthenticationRequirement Browser City
  ClientAppUsed ConditionalAccessPolicies ConditionalAccessStatus:i CorrelationId Country
  DeviceName DeviceTrustType EndpointCall EntraIdDeviceId ErrorCode:i GatewayJA4 IPAddress
  IsCompliant:i IsExternalUser:i IsGuestUser:b IsManaged:i IsSignInThroughGlobalSecureAccess:b
  LastPasswordChangeTimestamp:d Latitude LogonType Longitude NetworkLocationDetails OSPlatform
  ReportId RequestId ResourceDisplayName ResourceId ResourceTenantId RiskEventTypes
  RiskLevelAggregated:i RiskLevelDuringSignIn:i RiskState:i SessionId State TokenIssuerType
  UniqueTokenId UserAgent SourceSystem
EntraUsers MicrosoftSentineldatalake
  _ReceivedTime:d _SnapshotTime:d accountEnabled:b ageGroup businessPhones city companyName
  consentProvidedForMinor country createdDateTime:d creationType deletedDateTime:d department
  displayName employeeHireDate:d employeeId employeeLeaveDateTime:d employeeType externalUserState
  externalUserStateChangeDateTime:d faxNumber givenName id isManagementRestricted:b
  isResourceAccount:b jobTitle lastPasswordChangeDateTime:d legalAgeGroupClassification mail
  mailNickname mobilePhone officeLocation onPremisesDistinguishedName onPremisesDomainName
  onPremisesImmutableId onPremisesLastSyncDateTime:d onPremisesSamAccountName
  onPremisesSecurityIdentifier onPremisesSyncEnabled:b onPremisesUserPrincipalName organizationId
  otherMails:o passwordPolicies postalCode preferredDataLocation preferredLanguage proxyAddresses:o
  showInAddressList:b signInSessionsValidFromDateTime:d state streetAddress surname tenantId
  usageLocation userPrincipalName userType
Event LogManagement +
  AzureDeploymentID Computer EventCategory:i EventData EventID:i EventLevel:i EventLevelName
  EventLog ManagementGroupName Message ParameterXml RenderedDescription Role Source UserName
exceptions ApplicationInsights
  timestamp:d problemId handledAt type message assembly method outerType outerMessage outerAssembly
  outerMethod innermostType innermostMessage innermostAssembly innermostMethod severityLevel:i
  details:o customMeasurements:o itemCount:i itemId itemType customDimensions:o operation_Name
  operation_Id operation_ParentId operation_SyntheticSource session_Id user_Id user_AuthenticatedId
  user_AccountId application_Version client_Type client_Model client_OS client_IP client_City
  client_StateOrProvince client_CountryOrRegion client_Browser cloud_RoleName cloud_RoleInstance
  appId appName iKey sdkVersion _ResourceId
ExposureGraphEdges MicrosoftDefenderXDR
  EdgeId EdgeLabel EdgeProperties:o SourceNodeCategories:o SourceNodeId SourceNodeLabel
  SourceNodeName TargetNodeCategories:o TargetNodeId TargetNodeLabel TargetNodeName
FunctionAppLogs LogManagement +
  ActivityId AppName Category EventId:i EventName ExceptionDetails ExceptionMessage ExceptionType
  FunctionInvocationId FunctionName HostInstanceId HostVersion Level LevelId:i Location Message
  ProcessId:i RoleInstance
GraphAPIAuditEvents MicrosoftDefenderXDR
  Timestamp:d AccountObjectId ApiVersion ApplicationId ClientRequestId EntityType IdentityProvider
  IpAddress Location OperationId ReportId RequestDuration RequestId RequestMethod RequestUri
  ResponseSize:l ResponseStatusCode Scopes ServicePrincipalId TargetWorkload UniqueTokenIdentifier
  SourceSystem
HDInsightHadoopAndYarnLogs LogManagement +
  ClusterName ClusterType CorrelationId HostName LogLevel LogType Message OperationName
HDInsightHadoopAndYarnMetrics LogManagement +
  ClusterName ClusterType CorrelationId HostName MetricName MetricNamespace MetricValue:r
  OperationName Tags:o
HDInsightHBaseLogs LogManagement +
  ClusterName ClusterType CorrelationId HostName LogLevel LogType Message OperationName
HDInsightHBaseMetrics LogManagement +
  ClusterName ClusterType CorrelationId HostName MetricName MetricNamespace MetricValue:r
  OperationName Tags:o
HDInsightHiveAndLLAP LogManagement
  ClusterName MetricName MetricNamespace MetricValue:r
HDInsightHiveAndLLAPLogs LogManagement +
  ClusterName ClusterType CorrelationId HostName LogLevel LogType Message OperationName
HDInsightHiveAndLLAPMetrics LogManagement +
  ClusterName ClusterType CorrelationId HostName MetricName MetricNamespace MetricValue:r
  OperationName Tags:o
HDInsightKafkaLogs LogManagement +
  ClusterName CorrelationId HostName LogLevel LogType Message OperationName
HDInsightKafkaMetrics LogManagement +
  ClusterName CorrelationId HostName MetricDataType MetricName MetricNamespace MetricValue:r
  OperationName Tags
HDInsightSparkApplicationEvents LogManagement +
  AppAttemptId ApplicationId AppName ClusterDnsName ClusterTenantId CompletionTime:d Host IpAddress
  Region Role SparkUser SubmissionTime:d UserSubscriptionId
HDInsightSparkBlockManagerEvents LogManagement +
  AddedTime:d ApplicationId BlockHost BlockManagerHost ClusterDnsName ClusterTenantId ExecutorId
  Host IpAddress MaxMemory:l MaxOffHeapMemory:l MaxOnHeapMemory:l Region RemovedTime:d Role
  UserSubscriptionId
HDInsightSparkEnvironmentEvents LogManagement +
  ApplicationId ClusterDnsName ClusterTenantId Host IpAddress Region Role SparkDeployMode
  SparkExecutorCores:i SparkExecutorInstances:i SparkExecutorMemory SparkMaster UserSubscriptionId
  YarnMaxAttempts:i YarnQueue YarnTags
HDInsightSparkExecutorEvents LogManagement +
  AddedTime:d ApplicationId ClusterDnsName ClusterTenantId ExecutorCores:i ExecutorHost ExecutorId
  Host IpAddress Region RemovedReason RemovedTime:d Role UserSubscriptionId
HDInsightSparkJobEvents LogManagement +
  ApplicationId ClusterDnsName ClusterTenantId CompletionTime:d Host IpAddress JobId JobResult
  Region Role StageIds SubmissionTime:d UserSubscriptionId
HDInsightSparkLogs LogManagement +
  ClusterName CorrelationId HostName LogLevel LogType Message OperationName
HDInsightSparkSQLExecutionEvents LogManagement +
  ApplicationId ClusterDnsName ClusterTenantId EndTime:d ExecutionId Host IpAddress
  PhysicalPlanDescription Region Role SparkPlanInfo StartTime:d UserSubscriptionId
HDInsightSparkStageEvents LogManagement +
  ApplicationId AttemptId ClusterDnsName ClusterTenantId CompletionTime:d Details FailureReason
  Host IpAddress RDDInfo Region Role StageId StageName SubmissionTime:d TaskCount:i
  UserSubscriptionId
HDInsightSparkStageTaskAccumulables LogManagement +
  ApplicationId ClusterDnsName ClusterTenantId Entity EntityId Host IpAddress MetricId MetricName
  MetricValue:l ParentId Region Role UserSubscriptionId
HDInsightSparkTaskEvents LogManagement +
  ApplicationId AttemptId BytesRead:l BytesWritten:l ClusterDnsName ClusterTenantId
  DiskBytesSpilled:l EndReason ExecutorCPUTime:l ExecutorDeserializeCPUTime:l
  ExecutorDeserializeTime:l ExecutorId ExecutorRunTime:l Failed:b FinishTime:d Host InputMetrics:l
  IpAddress JvmGcTime:l Killed:b LaunchTime:d MemoryBytesSpilled:l NumUpdatedBlockStatuses:l
  OutputMetrics:l PeakExecutionMemory:l RecordsRead:l RecordsWritten:l Region
  ResultSerializationTime:l ResultSize:l Role SchedulerDelay:l ShuffleBytesWritten:l
  ShuffleFetchWaitTime:l ShuffleLocalBlocksFetched:l ShuffleReadMetrics:l ShuffleRecordsWritten:l
  ShuffleRemoteBlocksFetched:l ShuffleTotalBlocksFetched:l ShuffleTotalBytesRead:l
  ShuffleWriteMetrics:l ShuffleWriteTime:l StageId TaskId TaskType UpdatedBlocks:l
  UserSubscriptionId
HDInsightStormLogs LogManagement +
  ClusterName CorrelationId HostName LogLevel LogType Message OperationName
HDInsightStormMetrics LogManagement +
  ClusterName CorrelationId HostName MetricDataType MetricName MetricNamespace MetricValue:r
  OperationName
HDInsightStormTopologyMetrics LogManagement +
  Acked:r AssignedCPUPercent:r AssignedMemOffHeapMB:r AssignedMemOnHeapMB:r AssignedTotalMemMB:r
  BoltId Capacity:r ClusterName ClusterType CompleteLatencyMs:r CorrelationId Debug:b Emitted:r
  EncodedBoltId EncodedId EncodedSpoutId ErrorHost ErrorPort ErrorWorkerLogLink Executed:r
  ExecuteLatencyMs:r Executors:i ExecutorsTotal:i Failed:r HostName Id InstanceName LastError
  MsgTimeout:r OperationName Owner ProcessLatencyMs:r ReplicationCount:i RequestedCpuPercent:r
  RequestMemOffHeapMB:r RequestMemOnHeapMB:r SamplingPct:r SchedulerDisplayResource:b SpoutId
  Status Tasks:i TasksTotal:i TopologyId TopologyName Transferred:r Uptime UptimeSeconds:r Window:r
  WindowHint WindowPretty Workers WorkersTotal:i
HealthStateChangeEvent AzureResources +
  CurrentMonitorState CurrentStateFirstObservedTimestamp:d EvaluationTimestamp:d Evidence:o
  ImpactStartTimestamp:d InstrumentationData:o MonitorConfiguration:o MonitoredObject MonitorName
  MonitorResourceId MonitorType ParentMonitorName PreviousMonitorState
Heartbeat LogManagement +
  Category Computer ComputerEnvironment ComputerIP ComputerPrivateIPs:o IsGatewayInstalled:b
  ManagementGroupName OSMajorVersion OSMinorVersion OSName OSType RemoteIPCountry
  RemoteIPLatitude:r RemoteIPLongitude:r Resource ResourceGroup ResourceId ResourceProvider
  ResourceType SCAgentChannel Solutions SourceComputerId SubscriptionId Version VMUUID
IdentityDirectoryEvents SecurityInsights
  Timestamp:d AccountDisplayName AccountDomain AccountName AccountObjectId AccountSid AccountUpn
  ActionType AdditionalFields:o Application DestinationDeviceName DestinationIPAddress
  DestinationPort DeviceName IPAddress ISP Location Port Protocol ReportId TargetAccountDisplayName
  TargetAccountUpn TargetDeviceName SourceSystem _IsBillable
IdentityInfo BehaviorAnalyticsInsights
  Timestamp:d AccountCloudSID AccountCreationTime:d AccountDisplayName AccountDomain AccountName
  AccountObjectId AccountSID AccountTenantId AccountUPN AccountUpn AdditionalMailAddresses:o
  Address Applications AssignedRoles:o BlastRadius ChangeSource City CloudSid CompanyName Country
  CreatedDateTime:d CriticalityLevel:i DeletedDateTime:d Department DistinguishedName EmailAddress
  EmployeeId EntityRiskScore:o ExtensionProperty:o GivenName GroupMembership:o IdentityEnvironment
  InvestigationPriority:i InvestigationPriorityPercentile:i IsAccountEnabled:b IsMFARegistered:b
  IsServiceAccount:b JobTitle LastSeenDate:d MailAddress Manager OnPremisesDistinguishedName
  OnPremisesExtensionAttributes OnPremObjectId OnPremSid OtherMailAddresses:o Phone
  PrivilegedEntraPimRoles:o RelatedAccounts:o ReportId RiskLevel RiskLevelDetails RiskState
  RiskStatus SAMAccountName ServicePrincipals:o SipProxyAddress SourceProvider SourceProviders:o
  State StreetAddress Surname Tags TenantMembershipType UACFlags UserAccountControl:o UserState
  UserStateChangedOn:d UserType SourceSystem _IsBillable
IdentityLogonEvents SecurityInsights
  Timestamp:d AccountDisplayName AccountDomain AccountName AccountObjectId AccountSid AccountUpn
  ActionType AdditionalFields:o Application DestinationDeviceName DestinationIPAddress
  DestinationPort DeviceName DeviceType FailureReason IPAddress ISP Isp LastSeenForUser:o Location
  LogonType OSPlatform Port Protocol ReportId TargetAccountDisplayName TargetDeviceName
  UncommonForUser:o SourceSystem _IsBillable
IdentityQueryEvents SecurityInsights
  Timestamp:d AccountDisplayName AccountDomain AccountName AccountObjectId AccountSid AccountUpn
  ActionType AdditionalFields:o Application DestinationDeviceName DestinationIPAddress
  DestinationPort DeviceName IPAddress Location Port Protocol Query QueryTarget QueryType ReportId
  TargetAccountDisplayName TargetAccountUpn TargetDeviceName SourceSystem _IsBillable
InformationProtectionEvents AzureInformationProtection
  Activity ItemName Time:d User
InsightsMetrics AzureResources +
  AgentId Computer Name Namespace Origin Tags Val:r Value
IntuneAuditLogs LogManagement
  Category CorrelationId Identity OperationName Properties ResultDescription ResultType
  SourceSystem _IsBillable
IntuneDevices LogManagement
  AADTenantId AndroidPatchLevel BatchId CategoryName CompliantState CreatedDate DeviceId DeviceName
  DeviceRegistrationState DeviceState EasID EncryptionStatusString GraphDeviceIsManaged:b IMEI
  InGracePeriodUntil IntuneAccountId JailBroken JoinType LastContact ManagedBy ManagedDeviceName
  Manufacturer MEID Model OperationName OS OSVersion Ownership PhoneNumber PrimaryUser ReferenceId
  Result SerialNumber SkuFamily Stats:o StorageFree:l StorageTotal:l SubscriberCarrierNetwork
  SupervisedStatusString UPN UserEmail UserName WifiMacAddress SourceSystem _IsBillable
KubeEvents AzureResources +
  ClusterId ClusterName Computer Count:r FirstSeen:d KubeEventType LastSeen:d Message Name
  Namespace ObjectKind Reason SourceComponent
KubeNodeInventory AzureResources +
  ClusterId ClusterName Computer CreationTimeStamp:d DockerVersion KubeletVersion KubeProxyVersion
  KubernetesProviderID Labels LastTransitionTimeReady:d OperatingSystem Status
KubePodInventory AzureResources +
  ClusterId ClusterName Computer ContainerCreationTimeStamp:d ContainerID ContainerLastStatus
  ContainerName ContainerRestartCount:i ContainerStartTime:d ContainerStatus ContainerStatusReason
  ControllerKind ControllerName InstanceName Name Namespace PodCreationTimeStamp:d PodIp PodLabel
  PodRestartCount:i PodStartTime:d PodStatus PodUid ServiceName
LAQueryLogs LogManagement +
  AADClientId AADEmail AADObjectId AADTenantId ConditionalDataAccess CorrelationId
  IsBillableQuery:b IsWorkspaceInFailover:b QueryText QueryThumbprint QueryTimeRangeEnd:d
  QueryTimeRangeStart:d RecordKind RequestClientApp RequestContext:o RequestContextFilters:o
  RequestTarget ResponseCode:i ResponseDurationMs:r ResponseRowCount:i ScannedGB:r StatsCPUTimeMs:r
  StatsDataProcessedEnd:d StatsDataProcessedStart:d StatsRegionCount:i StatsWorkspaceCount:i
  WorkspaceRegion
LinuxAuditLog Security
  a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 acct addr arch argc:l audit_user AuditID auid:l cmd comm Computer
  ComputerEnvironment cwd data effective_group effective_user egid:l euid:l exe exit
  ExternalAgentIp family filetype gid:l group hostname icmptype key ManagementGroup
  ManagementGroupName name node op path pid:l ppid:l RawRecord RecordType res ResourceId result
  SerialNumber ses:l SourceComputerId success syscall terminal TimeUploaded:d tty uid:l user vm
  _ResourceId _SubscriptionId _IsBillable
MicrosoftAzureBastionAuditLogs LogManagement +
  ClientIpAddress ClientPort:i Duration:i Location Message OperationName Protocol ResourceType
  SessionEndTime SessionStartTime:d TargetResourceId TargetVMIPAddress Time:d TunnelId UserAgent
  UserEmail UserName
MicrosoftDataShareReceivedSnapshotLog LogManagement +
  Category CorrelationId DataSetMappingType DataSetName DataSetType DetailMessage EndTime FilesRead
  FilesWritten OperationName SizeRead SizeWritten StartTime Status TriggerType
MicrosoftDataShareSentSnapshotLog LogManagement +
  Category CorrelationId DataSetMappingType DataSetName DataSetType DetailMessage EndTime FilesRead
  FilesWritten OperationName SizeRead SizeWritten StartTime Status TriggerType
MicrosoftGraphActivityLogs LogManagement
  AadTenantId ApiVersion AppId ATContent ATContentH ATContentP ClientAuthMethod:i ClientRequestId
  DeviceId DurationMs:i IdentityProvider IPAddress Location OperationId RequestId RequestMethod
  RequestUri ResponseSizeBytes:i ResponseStatusCode:i Roles Scopes ServicePrincipalId SessionId
  SignInActivityId TokenIssuedAt:d UniqueTokenId UserAgent UserId Wids SourceSystem _IsBillable
NWConnectionMonitorPathResult LogManagement +
  AdditionalData AvgRoundTripTimeMs:r ChecksFailed:i ChecksFailedPercentThreshold:i ChecksTotal:i
  ConnectionMonitorResourceId DestinationAddress DestinationAgentId DestinationIP DestinationName
  DestinationPort:i DestinationResourceId DestinationSubnet DestinationType HopAddresses
  HopLinkTypes HopResourceIds Hops HopTypes Issues JitterMs:r MaxRoundTripTimeMs:r
  MinRoundTripTimeMs:r PathTestResult PathTestResultCriterion Protocol RecordId
  RoundTripTimeMsThreshold:r SourceAddress SourceAgentId SourceIP SourceName SourceResourceId
  SourceSubnet SourceType TestConfigurationName TestGroupName TopologyId
NWConnectionMonitorTestResult LogManagement +
  AdditionalData AvgRoundTripTimeMs:r ChecksFailed:i ChecksFailedPercentThreshold:i ChecksTotal:i
  ConnectionMonitorResourceId DestinationAddress DestinationAgentId DestinationIP DestinationName
  DestinationPort:i DestinationResourceId DestinationSubnet DestinationType JitterMs:r
  MaxRoundTripTimeMs:r MinRoundTripTimeMs:r Protocol RecordId RoundTripTimeMsThreshold:r
  SourceAddress SourceAgentId SourceIP SourceName SourceResourceId SourceSubnet SourceType
  TestConfigurationName TestGroupName TestResult TestResultCriterion
OAuthAppInfo SecurityInsights
  Timestamp:d AddedOnTime:d AppName AppOrigin AppOwnerTenantId AppStatus ConsentedUsersCount:i
  IsAdminConsented:b LastModifiedTime:d LastUsedTime:d OAuthAppId Permissions:o PrivilegeLevel
  ReportId ServicePrincipalId VerifiedPublisher:o SourceSystem _IsBillable
OfficeActivity AzureSentinelPrivatePreview +
  AADGroupId AADTarget Activity Actor ActorContextId ActorIpAddress AddOnGuid AddonName AddOnType
  AffectedItems AppAccessContext:o AppDistributionMode AppId Application ApplicationId AppPoolName
  ArtifactsShared:o Attendees:o AzureActiveDirectory_EventType AzureADAppId ChannelGuid ChannelName
  ChannelType ChatName ChatThreadId Client Client_IPAddress ClientAppId ClientInfoString ClientIP
  ClientMachineName ClientProcessName ClientVersion CommunicationType CrossMailboxOperations:b
  CustomEvent DataCenterSecurityEventType:i DestFolder DestinationFileExtension DestinationFileName
  DestinationRelativeUrl DestMailboxId DestMailboxOwnerMasterAccountSid DestMailboxOwnerSid
  DestMailboxOwnerUPN DeviceInformation EffectiveOrganization ElevationApprovedTime:d
  ElevationApprover ElevationDuration:i ElevationRequestId ElevationRole ElevationTime:d Event_Data
  EventSource ExtendedProperties ExternalAccess ExtraProperties:o Folder Folders GenericInfo
  InternalLogonType:i InterSystemsId IntraSystemId IsJoinedFromLobby:b IsManagedDevice:b Item
  ItemName ItemType JoinTime:d LeaveTime:d ListItemUniqueId LoginStatus:i Logon_Type
  LogonUserDisplayName LogonUserSid MachineDomainInfo MachineId MailboxGuid
  MailboxOwnerMasterAccountSid MailboxOwnerSid MailboxOwnerUPN MeetingDetailId Members:o MessageId
  ModifiedObjectResolvedName ModifiedProperties Name NewValue OfficeId OfficeObjectId
  OfficeTenantId OfficeWorkload OldValue Operation OperationProperties:o OperationScope
  OrganizationId OrganizationName OriginatingServer Parameters RecordType ResultReasonType
  ResultStatus SendAsUserMailboxGuid SendAsUserSmtp SendonBehalfOfUserMailboxGuid
  SendOnBehalfOfUserSmtp SensitivityLabelId SharingType Site_ Site_Url Source_Name
  SourceFileExtension SourceFileName SourceRecordId SourceRelativeUrl SRPolicyId SRPolicyName
  SRRuleMatchDetails:o Start_Time:d SupportTicketId TabType TargetContextId TargetUserId
  TargetUserOrGroupName TargetUserOrGroupType TeamGuid TeamName UniqueSharingId UserAgent
  UserDomain UserId UserKey UserSharedWith UserType
Operation LogManagement +
  Computer CorrelationId Detail ErrorId HelpLink ManagementGroupName OperationCategory OperationKey
  OperationStatus Solution SourceComputerId
OTelLogs LogManagement +
  Attributes:o Body ClientBrowser ClientCity ClientCountryOrRegion ClientIP ClientModel ClientOS
  ClientStateOrProvince ClientType DeploymentEnvironmentName DroppedAttributesCount:i EndUserId
  ItemCount:i K8sContainerName K8sNamespaceName K8sPodName Measurements:o OperationName
  ResourceAttributes:o RoleName ScopeName ScopeVersion SDKVersion ServiceInstanceId ServiceName
  ServiceNamespace ServiceVersion SessionId SeverityLevel:i SeverityNumber:i SeverityText SpanId
  SyntheticSource TraceId UserAccountId UserId
pageViews ApplicationInsights
  timestamp:d id name url duration:r performanceBucket customMeasurements:o itemCount:i itemId
  itemType customDimensions:o operation_Name operation_Id operation_ParentId
  operation_SyntheticSource session_Id user_Id user_AuthenticatedId user_AccountId
  application_Version client_Type client_Model client_OS client_IP client_City
  client_StateOrProvince client_CountryOrRegion client_Browser cloud_RoleName cloud_RoleInstance
  appId appName iKey sdkVersion _ResourceId
Perf LogManagement +
  BucketEndTime:d BucketStartTime:d Computer CounterName CounterPath CounterValue:r InstanceName
  Max:r Min:r ObjectName SampleCount:i StandardDeviation:r
ProtectionStatus AntiMalware +
  AMProductVersion Computer ComputerEnvironment ComputerIP_Hidden DetectionId DeviceName
  ManagementGroupName OSName ProtectionStatus ProtectionStatusDetails ProtectionStatusRank:i
  Resource ResourceGroup ResourceId ResourceProvider ResourceType ScanDate:d SignatureVersion
  SourceComputerId SubscriptionId Threat ThreatStatus ThreatStatusDetails ThreatStatusRank:i
  TypeofProtection VMUUID
requests ApplicationInsights
  timestamp:d id source name url success resultCode duration:r performanceBucket
  customMeasurements:o itemCount:i itemId itemType customDimensions:o operation_Name operation_Id
  operation_ParentId operation_SyntheticSource session_Id user_Id user_AuthenticatedId
  user_AccountId application_Version client_Type client_Model client_OS client_IP client_City
  client_StateOrProvince client_CountryOrRegion client_Browser cloud_RoleName cloud_RoleInstance
  appId appName iKey sdkVersion _ResourceId
Resources AzureResourceGraph
  id name type tenantId kind location resourceGroup subscriptionId managedBy sku:o plan:o
  properties:o tags:o identity:o zones:o extendedLocation:o systemData:o apiVersion
SecurityAlert AzureSecurityOfThings
  AlertLink AlertName AlertSeverity AlertType CompromisedEntity ConfidenceLevel ConfidenceScore:r
  Description DisplayName EndTime:d Entities ExtendedLinks ExtendedProperties IsIncident:b
  ProcessingEndTime:d ProductComponentName ProductName ProviderName RemediationSteps ResourceId
  SourceComputerId StartTime:d Status SubTechniques SystemAlertId Tactics Techniques VendorName
  VendorOriginalId WorkspaceResourceGroup WorkspaceSubscriptionId _IsBillable
SecurityEvent Security +
  AccessMask Account AccountDomain AccountExpires AccountName AccountSessionIdentifier AccountType
  Activity AdditionalInfo AdditionalInfo2 AllowedToDelegateTo Attributes AuditPolicyChanges
  AuditsDiscarded:i AuthenticationLevel:i AuthenticationPackageName AuthenticationProvider
  AuthenticationServer AuthenticationService:i AuthenticationType AzureDeploymentID
  CACertificateHash CalledStationID CallerProcessId CallerProcessName CallingStationID
  CAPublicKeyHash CategoryId CertificateDatabaseHash Channel ClassId ClassName ClientAddress
  ClientIPAddress ClientName CommandLine CompatibleIds Computer Correlation DCDNSName
  DeviceDescription DeviceId DisplayName Disposition DomainBehaviorVersion DomainName
  DomainPolicyChanged DomainSid EAPType ElevatedToken ErrorCode:i EventData EventID:i
  EventLevelName EventRecordId EventSourceName ExtendedQuarantineState FailureReason FileHash
  FilePath FilePathNoUser Filter ForceLogoff Fqbn FullyQualifiedSubjectMachineName
  FullyQualifiedSubjectUserName GroupMembership HandleId HardwareIds HomeDirectory HomePath
  InterfaceUuid IpAddress IpPort KeyLength:i Keywords Level LmPackageName LocationInformation
  LockoutDuration LockoutObservationWindow LockoutThreshold LoggingResult LogonGuid LogonHours
  LogonID LogonProcessName LogonType:i LogonTypeName MachineAccountQuota MachineInventory
  MachineLogon ManagementGroupName MandatoryLabel MaxPasswordAge MemberName MemberSid
  MinPasswordAge MinPasswordLength MixedDomainMode NASIdentifier NASIPv4Address NASIPv6Address
  NASPort NASPortType NetworkPolicyName NewDate NewMaxUsers NewProcessId NewProcessName NewRemark
  NewShareFlags NewTime NewUacValue NewValue NewValueType ObjectName ObjectServer ObjectType
  ObjectValueName OemInformation OldMaxUsers OldRemark OldShareFlags OldUacValue OldValue
  OldValueType Opcode OperationType PackageName ParentProcessName PasswordHistoryLength
  PasswordLastSet PasswordProperties PreviousDate PreviousTime PrimaryGroupId PrivateKeyUsageCount
  PrivilegeList Process ProcessId ProcessName ProfilePath Properties ProtocolSequence
  ProxyPolicyName QuarantineHelpURL QuarantineSessionID QuarantineSessionIdentifier QuarantineState
  QuarantineSystemHealthResult RelativeTargetName RemoteIpAddress RemotePort Requester RequestId
  RestrictedAdminMode RowsDeleted SamAccountName ScriptPath SecurityDescriptor ServiceAccount
  ServiceFileName ServiceName ServiceStartType:i ServiceType SessionName ShareLocalPath ShareName
  SidHistory SourceComputerId Status StorageAccount SubcategoryGuid SubcategoryId Subject
  SubjectAccount SubjectDomainName SubjectKeyIdentifier SubjectLogonId SubjectMachineName
  SubjectMachineSID SubjectUserName SubjectUserSid SubStatus SystemProcessId:i SystemThreadId:i
  SystemUserId TableId TargetAccount TargetDomainName TargetInfo TargetLinkedLogonId
  TargetLogonGuid TargetLogonId TargetOutboundDomainName TargetOutboundUserName TargetServerName
  TargetSid TargetUser TargetUserName TargetUserSid Task:i TemplateContent TemplateDSObjectFQDN
  TemplateInternalName TemplateOID TemplateSchemaVersion TemplateVersion TimeCollected:d
  TokenElevationType TransmittedServices UserAccountControl UserParameters UserPrincipalName
  UserWorkstations VendorIds Version:i VirtualAccount Workstation WorkstationName
SecurityIncident SecurityInsights
  AdditionalData:o AlertIds:o BookmarkIds:o Classification ClassificationComment
  ClassificationReason ClosedTime:d Comments:o CreatedTime:d Description FirstActivityTime:d
  FirstModifiedTime:d IncidentName IncidentNumber:i IncidentUrl Labels:o LastActivityTime:d
  LastModifiedTime:d ModifiedBy Owner:o ProviderIncidentId ProviderName RelatedAnalyticRuleIds:o
  Severity Status Tasks:o Title SourceSystem _IsBillable
SentinelHealth SecurityInsights
  Description ExtendedProperties:o OperationName Reason RecordId SentinelResourceId
  SentinelResourceKind SentinelResourceName SentinelResourceType Status WorkspaceId SourceSystem
  _IsBillable
SigninLogs LogManagement
  AADTenantId Agent:o AlternateSignInName AppDisplayName AppId AppliedConditionalAccessPolicies
  AppliedEventListeners:o AppOwnerTenantId AuthenticationAppDeviceDetails
  AuthenticationAppPolicyEvaluationDetails AuthenticationContextClassReferences
  AuthenticationDetails AuthenticationMethodsUsed AuthenticationProcessingDetails
  AuthenticationProtocol AuthenticationRequirement AuthenticationRequirementPolicies
  AuthenticatorAppLocation AutonomousSystemNumber Category ClientAppUsed ClientCredentialType
  ConditionalAccessAudiences ConditionalAccessPolicies:o ConditionalAccessStatus CorrelationId
  CreatedDateTime:d CrossTenantAccessType DeviceDetail:o DurationMs:l FederatedCredentialId
  FlaggedForReview:b GlobalSecureAccessIpAddress HomeTenantId HomeTenantName Id Identity
  IncomingTokenType IPAddress IPAddressFromResourceProvider IsInteractive:b IsRisky:b
  IsTenantRestricted:b IsThroughGlobalSecureAccess:b Level Location LocationDetails:o MfaDetail:o
  NetworkLocationDetails OperationName OperationVersion OriginalRequestId OriginalTransferMethod
  ProcessingTimeInMilliseconds Resource ResourceDisplayName ResourceGroup ResourceId
  ResourceIdentity ResourceOwnerTenantId ResourceProvider ResourceServicePrincipalId
  ResourceTenantId ResultDescription ResultSignature ResultType RiskDetail RiskEventTypes
  RiskEventTypes_V2 RiskLevel RiskLevelAggregated RiskLevelDuringSignIn RiskState
  ServicePrincipalId ServicePrincipalName SessionId SessionLifetimePolicies SignInIdentifier
  SignInIdentifierType SourceAppClientId Status:o TokenIssuerName TokenIssuerType
  TokenProtectionStatusDetails:o UniqueTokenIdentifier UserAgent UserDisplayName UserId
  UserPrincipalName UserType SourceSystem _IsBillable
SQLAssessmentRecommendation AzureResources +
  ActionArea ActionAreaId AffectedObjectName AffectedObjectResult AffectedObjectType AssessmentId
  Computer CustomData DatabaseName Description FocusArea FocusAreaId Recommendation
  RecommendationId RecommendationResult RecommendationScore:r RecommendationWeight:r
  SqlInstanceName Technology
StorageBlobLogs LogManagement +
  AccessTier AccountName AuthenticationHash AuthenticationType AuthorizationDetails:o
  CallerIpAddress Category ClientRequestId ConditionsUsed ContentLengthHeader:l CorrelationId
  DestinationUri DurationMs:r Etag LastModifiedTime:d Location MetricResponseType ObjectKey
  OperationCount:i OperationName OperationVersion Protocol ReferrerHeader RehydratePriority
  RequestBodySize:l RequesterAppId RequesterAudience RequesterObjectId RequesterTenantId
  RequesterTokenIssuer RequesterUpn RequestHeaderSize:l RequestMd5 ResponseBodySize:l
  ResponseHeaderSize:l ResponseMd5 SasExpiryStatus SchemaVersion ServerLatencyMs:r ServiceType
  SourceAccessTier SourceUri StatusCode StatusText TlsVersion Uri UserAgentHeader
Syslog LogManagement +
  CollectorHostName Computer EventTime:d Facility HostIP HostName ProcessID:i ProcessName
  SeverityLevel SyslogMessage
ThreatIntelligenceIndicator SecurityInsights
  Action Active:b ActivityGroupNames AdditionalInformation ConfidenceScore:r Description
  DiamondModel DomainName EmailEncoding EmailLanguage EmailRecipient EmailSenderAddress
  EmailSenderName EmailSourceDomain EmailSourceIpAddress EmailSubject EmailXMailer
  ExpirationDateTime:d ExternalIndicatorId FileCompileDateTime:d FileCreatedDateTime:d FileHashType
  FileHashValue FileMutexName FileName FilePacker FilePath FileSize:i FileType IndicatorId
  IndicatorProvider KillChainActions:b KillChainC2:b KillChainDelivery:b KillChainExploitation:b
  KillChainReconnaissance:b KillChainWeaponization:b KnownFalsePositives MalwareNames
  NetworkCidrBlock NetworkDestinationAsn:i NetworkDestinationCidrBlock NetworkDestinationIP
  NetworkDestinationPort:i NetworkIP NetworkPort:i NetworkProtocol:i NetworkSourceAsn:i
  NetworkSourceCidrBlock NetworkSourceIP NetworkSourcePort:i PassiveOnly:b Tags ThreatSeverity:i
  ThreatType TrafficLightProtocolLevel Url UserAgent SourceSystem _IsBillable
Update Security +
  ApprovalSource Approved:b BulletinID BulletinUrl Classification Computer ComputerEnvironment
  CVENumbers InstallTimeAvailable:b InstallTimeDeviationRangeSeconds:r
  InstallTimePredictionSeconds:r KBID ManagementGroupName MSRCBulletinID MSRCSeverity Optional:b
  OSFullName OSName OSType OSVersion PackageRepository PackageSeverity Product ProductArch
  ProductVersion PublishedDate:d RebootBehavior Resource ResourceGroup ResourceId ResourceProvider
  ResourceType RevisionNumber SourceComputerId SubscriptionId Title UpdateID UpdateState VMUUID
UpdateRunProgress Updates +
  Computer ComputerEnvironment CorrelationId EndTime:d ErrorResult InstallationStatus KBID
  ManagementGroupName OSType Product Resource ResourceGroup ResourceId ResourceProvider
  ResourceType SourceComputerId StartTime:d SubscriptionId SucceededOnRetry:b Title UpdateId
  UpdateRunName VMUUID
UpdateSummary Security +
  Computer ComputerEnvironment CriticalUpdatesMissing:i ManagementGroupName NETRuntimeVersion
  OldestMissingSecurityUpdateBucket OldestMissingSecurityUpdateInDays:i OsVersion
  OtherUpdatesMissing:i Resource ResourceGroup ResourceId ResourceProvider ResourceType
  RestartPending:b SecurityUpdatesMissing:i SourceComputerId SubscriptionId TotalUpdatesMissing:i
  VMUUID WindowsUpdateAgentVersion WindowsUpdateSetting WSUSServer
UrlClickEvents SecurityInsights
  Timestamp:d AccountUpn ActionType AppName AppVersion DetectionMethods IPAddress
  IsClickedThrough:b NetworkMessageId ReportId SourceId ThreatTypes Url UrlChain Workload
  SourceSystem _IsBillable
Usage LogManagement
  AvgLatencyInSeconds:r BatchesCapped:l BatchesOutsideSla:l BatchesWithinSla:l Computer DataType
  EndTime:d IsBillable:b LinkedMeterId LinkedResourceUri MeterId Plan Quantity:r QuantityUnit
  ResourceUri Solution StartTime:d TotalBatches:l SourceSystem _IsBillable
VMComputer AzureResources +
  AgentId AzureCloudServiceDeployment AzureCloudServiceInstanceId AzureCloudServiceName
  AzureCloudServiceRoleName AzureCloudServiceRoleType AzureFaultDomain AzureImageOffering
  AzureImagePublisher AzureImageSku AzureImageVersion AzureLocation AzureResourceGroup
  AzureResourceName AzureServiceFabricClusterId AzureServiceFabricClusterName AzureSize
  AzureSubscriptionId AzureUpdateDomain AzureVmId AzureVmScaleSetDeployment
  AzureVmScaleSetInstanceId AzureVmScaleSetName AzureVmScaleSetResourceId BootTime:d Computer
  Cpus:i CpuSpeed:i DependencyAgentVersion DisplayName DnsNames:o FullDisplayName HostingProvider
  HostName HypervisorId HypervisorType Ipv4Addresses:o Ipv4DefaultGateways:o Ipv4SubnetMasks:o
  Ipv6Addresses:o MacAddresses:o Machine OperatingSystemFamily OperatingSystemFullName
  PhysicalMemoryMB:l TimeZone VirtualizationState VirtualMachineHypervisorId VirtualMachineNativeId
  VirtualMachineNativeName VirtualMachineType
VMConnection AzureResources +
  AgentId BytesReceived:l BytesSent:l Computer Confidence ConnectionId Description DestinationIp
  DestinationPort:i Direction FirstReportedDateTime IndicatorThreatType IsActive
  LastReportedDateTime LinksEstablished:l LinksFailed:l LinksLive:l LinksTerminated:l Machine
  MaliciousIp Process ProcessName Protocol RemoteClassification RemoteCountry
  RemoteDnsCanonicalNames RemoteDnsQuestions RemoteIp RemoteLatitude:r RemoteLongitude:r
  Responses:l ResponseTimeMax:l ResponseTimeMin:l ResponseTimeSum:l Severity:i SourceIp TLPLevel
VMProcess AzureResources +
  AgentId CommandLine CompanyName Computer Description DisplayName ExecutableName ExecutablePath
  FileVersion FirstPid:i Group InternalName Machine Process ProductName ProductVersion Role
  Services:o StartTime:d UserDomain UserName WorkingDirectory
W3CIISLog LogManagement +
  AzureDeploymentID cIP Computer Confidence csBytes:l csCookie csHost csMethod csReferer csUriQuery
  csUriStem csUserAgent csUserName csVersion Description FirstReportedDateTime IndicatorThreatType
  IsActive LastReportedDateTime MaliciousIP ManagementGroupName RemoteIPCountry RemoteIPLatitude:r
  RemoteIPLongitude:r Role RoleInstance scBytes:l sComputerName scStatus scSubStatus scWin32Status
  Severity:i sIP sPort:i sSiteName StorageAccount TimeTaken:l TLPLevel
WaaSDeploymentStatus WaaSUpdateInsights
  Computer ComputerID DeferralDays:i DeploymentError DeploymentErrorCode DeploymentStatus
  DetailedStatus ExpectedInstallDate:d LastScan:d OriginBuild OSBuild OSRevisionNumber:i
  OSServicingBranch OSVersion PauseState RecommendedAction ReleaseName TargetBuild
  TargetOSRevision:i TargetOSVersion UpdateCategory UpdateClassification UpdateReleasedDate:d
  SourceSystem _IsBillable
WaaSUpdateStatus WaaSUpdateInsights
  Computer ComputerID DownloadMode FeatureDeferralDays:i FeaturePauseDays:i FeaturePauseState
  LastScan:d NeedAttentionStatus OSArchitecture OSBuild OSCurrentStatus OSEdition OSFamily
  OSFeatureUpdateStatus OSName OSQualityUpdateStatus OSRevisionNumber:i OSSecurityUpdateStatus
  OSServicingBranch OSVersion QualityDeferralDays:i QualityPauseDays:i QualityPauseState
  SourceSystem _IsBillable
WindowsEvent CustomizedWindowsEventsFiltering
  Channel Computer Correlation EventData:o EventID:i EventLevel:i EventLevelName EventOriginId
  EventRecordId Keywords ManagementGroupName Opcode Provider RawEventData SystemProcessId:i
  SystemThreadId:i SystemUserId Task:i Version:i _ResourceId _SubscriptionId _IsBillable
WindowsFirewall Security +
  CommunicationDirection Computer Confidence Description DestinationIP DestinationPort:i
  FirewallAction FirstReportedDateTime FullDestinationAddress IndicatorThreatType Info IsActive
  LastReportedDateTime MaliciousIP MaliciousIPCountry MaliciousIPLatitude:r MaliciousIPLongitude:r
  ManagementGroupName Protocol RemoteIP RequestSizeInBytes:l Severity:i SourceIP SourcePort:i
  TLPLevel
WireData WireData +
  ApplicationProtocol ApplicationServiceName Computer Confidence Description Direction
  FirstReportedDateTime IndicatorThreatType IPVersion IsActive LastReportedDateTime
  LatencyMilliseconds:i LatencySamplingFailureRate LatencySamplingTimeStamp:d LocalIP LocalMAC
  LocalPortNumber:i LocalSubnet MaliciousIP ManagementGroupName ProcessID:i ProcessName
  ProtocolName ReceivedBytes:l ReceivedPackets:l RemoteIP RemoteIPCountry RemoteIPLatitude:r
  RemoteIPLongitude:r RemoteMAC RemotePortNumber:i SentBytes:l SentPackets:l SequenceNumber:l
  SessionEndTime:d SessionID SessionStartTime:d SessionState Severity:i TLPLevel TotalBytes:l
WVDCheckpoints LogManagement +
  ActivityType CorrelationId Name Parameters:o Source UserName
WVDConnections LogManagement +
  AadTenantId ClientOS ClientSideIPAddress ClientType ClientVersion ConnectionType CorrelationId
  GatewayRegion IsClientPrivateLink IsSessionHostPrivateLink PredecessorConnectionId ResourceAlias
  SessionHostAgentVersion SessionHostAzureVmId SessionHostIPAddress SessionHostJoinType
  SessionHostName SessionHostOSDescription SessionHostOSVersion SessionHostPoolType
  SessionHostSessionId SessionHostSxSStackVersion State TransportType UdpUse UserName
WVDErrors LogManagement +
  ActivityType Code:l CodeSymbolic CorrelationId Message Operation ServiceError:b Source UserName
`;

/**
 * The six data types that Operations Manager delivers and that no standard table carries whole:
 * alerts, configuration, events, metadata, performance and state.
 */
export const operationsManagerTablesText = `
OperationsManagerAlert OperationsManager
  Computer ManagementGroupName AlertName AlertDescription BaseManagedEntityId:g ProblemId:g
  IsMonitorAlert:b RuleId ResolutionState Priority Severity Category Owner ResolvedBy TimeRaised:d
  TimeAdded:d LastModified:d LastModifiedBy LastModifiedExceptRepeatCount:d TimeResolved:d
  TimeResolutionStateLastModified:d TimeResolutionStateLastModifiedInDB:d RepeatCount:i
  SourceSystem
OperationsManagerConfiguration OperationsManager
  Computer ManagementGroupName CustomerID AgentID EntityId:g ManagedTypeID ManagedTypePropertyID
  CurrentValue ChangeDate:d SourceSystem
OperationsManagerEvent OperationsManager
  Computer ManagementGroupName EventId:g EventOriginalId:g BaseManagedEntityInternalId:l RuleId:g
  PublisherId:g PublisherName FullNumber:l Number:i Category:i ChannelLevel:i LoggingComputer
  EventData EventParameters TimeAdded:d SourceSystem
OperationsManagerMetadata OperationsManager
  Computer ManagementGroupName BaseManagedEntityId ObjectStatus OrganizationalUnit
  ActiveDirectoryObjectSid PhysicalProcessors:i NetworkName IPAddress:o ForestDnsName
  NetbiosComputerName VirtualMachineName LastInventoryDate:d HostServerNameIsVirtualMachine
  NetbiosDomainName LogicalProcessors:i DNSName:o DisplayName DomainDnsName ActiveDirectorySite
  PrincipalName OffsetInMinuteFromGreenwichTime SourceSystem
OperationsManagerPerformance OperationsManager
  Computer ManagementGroupName ObjectName CounterName PerfmonInstanceName PerformanceDataId:g
  PerformanceSourceInternalID SampleValue:r TimeSampled:d TimeAdded:d SourceSystem
OperationsManagerState OperationsManager
  Computer ManagementGroupName StateChangeEventId:g StateId:g NewHealthState OldHealthState
  Context:o TimeAdded:d StateId2:g BaseManagedEntityId MonitorId HealthState LastModified:d
  LastGreenAlertGenerated:d DatabaseTimeModified:d SourceSystem
`;

/** Tables of our own. */
export const strongroomTablesText = `
IngestionErrors Strongroom
  TableName StreamName RuleId Reason ColumnName Message RawRecord CorrelationId
IngestionAccounting Strongroom
  PeriodStart:d PeriodEnd:d StreamName TableName RuleId SourceKind SourceId Reason
  BatchesReceived:l RowsReceived:l BytesReceived:l BatchesRepeated:l RowsRepeated:l
  BatchesRefused:l BytesRefused:l RowsStored:l RowsFiltered:l RowsDeadLettered:l RowsDropped:l
  ReceivedTo:l AppliedTo:l
LedgerRecords Strongroom
  RecordType LedgerPosition:l ActorKind ActorId ActorName Target Reason CorrelationId
  Approvals:o Detail:o SourceSystem
`;
